#!/usr/bin/env node
// `relay`, the package's program: `npm run relay --` without npm.
import process from 'node:process'

process.argv.splice(2, 0, 'relay')
await import('./main.js')
