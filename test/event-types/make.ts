// Generates src/events.d.cts from the schemas: node test/event-types/make.ts
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { declarations } from './declarations.ts'

writeFileSync(path.join(import.meta.dirname, '../../src/events.d.cts'), declarations())
