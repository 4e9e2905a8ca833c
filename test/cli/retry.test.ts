// The schedule of attempts end to end: the real runtime, its queues and its clock, and a target with one of its own.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type LocalRelay, launchRelay, migrateLocally } from '../../src/cli/local-relay.ts'
import { freePort } from './project.ts'

const ANSWERS: [status: number, headers: Record<string, string>][] = [
  [500, {}],
  [503, { 'retry-after': '1' }],
  [502, { 'retry-after': 'soon' }],
  [204, {}],
]
/** The least wait after each answer, in milliseconds: the schedule's, or what the target asked for. */
const LEAST = [250, 1000, 300]

const dir = mkdtempSync(path.join(tmpdir(), 'relay-retry-'))
const requests: { cameAt: number; answeredAt: number; attempt: string }[] = []
let target: Server
let relay: LocalRelay
let port: number

beforeAll(async () => {
  target = createServer((request, response) => {
    const cameAt = performance.now()
    const [status, headers] = ANSWERS[requests.length] ?? [500, {}]
    request.resume().on('end', () => {
      response.writeHead(status, headers).end()
      const attempt = String(request.headers['relay-attempt'])
      requests.push({ cameAt, answeredAt: performance.now(), attempt })
    })
  })
  target.listen(0, '127.0.0.1')
  await once(target, 'listening')
  const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/`
  port = await freePort()
  await migrateLocally(dir)
  const vars = [
    `TARGETS:${JSON.stringify([{ name: 'crm', url, retry: [0.25, 0.5, 0.3] }])}`,
    'HYPE_SECRET:retry-test',
  ]
  const args = ['--persist-to', dir, ...vars.flatMap((one) => ['--var', one])]
  relay = launchRelay(port, args, () => undefined)
  await relay.ready
})
afterAll(async () => {
  await relay.stop()
  target.closeAllConnections()
  target.close()
  rmSync(dir, { recursive: true, force: true })
})

it('keeps a schedule of fractions of a second, and undercuts Retry-After by no millisecond', async () => {
  const response = await fetch(`http://127.0.0.1:${port}/in/hype?key=retry-test`, {
    method: 'POST',
    body: JSON.stringify({ id: 'c', publisher_id: 'p', type: 'payment.created', timestamp: 1e9 }),
  })
  expect(response.status).toBe(202)

  await expect.poll(() => requests.length, { timeout: 20_000 }).toBe(4)

  const waits = requests.slice(1).map(({ cameAt }, i) => cameAt - (requests[i]?.answeredAt ?? 0))
  console.info(`waits: ${waits.map((ms) => ms.toFixed(0)).join(', ')} ms`)
  for (const [i, least] of LEAST.entries()) expect(waits[i]).toBeGreaterThanOrEqual(least)
  expect(requests.map(({ attempt }) => attempt)).toEqual(['1', '2', '3', '4'])
})
