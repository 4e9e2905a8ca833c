// wrangler.toml edited while `npm start` runs, by an editor that empties a file before it writes it.
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { aProject, begin, freePort, type Running } from './project.ts'

const project = aProject()
const file = path.join(project.dir, 'wrangler.toml')
const whole = readFileSync(file, 'utf8')
let relay: Running
let origin: string

const statusOf = async (pathname: string) => (await fetch(`${origin}${pathname}`)).status

beforeAll(async () => {
  const port = await freePort()
  origin = `http://127.0.0.1:${port}`
  relay = begin(project.dir, 'start', '--no-receiver', '--port', String(port))
  await relay.until(/Ctrl-C ends everything/)
})
afterAll(async () => {
  if (relay.child.exitCode === null) {
    relay.child.kill('SIGINT')
    await once(relay.child, 'close')
  }
  project.remove()
})

it('waits while wrangler.toml is empty, and continues with its next content', async () => {
  expect(await statusOf('/in/renamed')).toBe(404)

  writeFileSync(file, '')
  await relay.until(/Waiting until the file is complete/)
  writeFileSync(file, whole.replace('name = "hapana"', 'name = "renamed"'))
  await relay.until(/The relay runs again/)

  expect(await statusOf('/healthz')).toBe(200)
  expect(await statusOf('/in/renamed')).not.toBe(404)
})

it('reports why it cannot start with a broken file, and starts once that is corrected', async () => {
  const before = relay.output().length
  const since = () => relay.output().slice(before)

  writeFileSync(file, '')
  await expect.poll(since, { timeout: 120_000 }).toMatch(/Waiting until the file is complete/)
  writeFileSync(file, whole.replace('src/index.ts', 'src/nope.ts'))
  await expect.poll(since, { timeout: 120_000 }).toMatch(/^The relay did not start: .*nope\.ts.*/m)
  writeFileSync(file, whole)
  await expect.poll(since, { timeout: 120_000 }).toMatch(/The relay runs again/)

  expect(await statusOf('/in/hapana')).not.toBe(404)
})

it('ends cleanly and at once while it waits', async () => {
  const before = relay.output().length
  writeFileSync(file, '')
  await expect
    .poll(() => relay.output().slice(before), { timeout: 120_000 })
    .toMatch(/Waiting until the file is complete/)

  relay.child.kill('SIGINT')
  await once(relay.child, 'close')

  expect(relay.child.exitCode).toBe(0)
})
