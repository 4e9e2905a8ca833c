// `npm run bench -- <name>`: measurements on the real local runtime. They talk to this machine only and end by themselves.
import { isolation } from './isolation.ts'

const BENCHES: Record<string, () => Promise<void>> = { isolation }

const [name = ''] = process.argv.slice(2)
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined
if (bench === undefined) {
  console.error(
    `npm run bench -- <name>, where <name> is one of: ${Object.keys(BENCHES).join(', ')}`,
  )
  process.exitCode = 1
} else {
  await bench()
}
