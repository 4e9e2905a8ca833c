// The retry schedule end to end: the real runtime with its queues and its clock, and a target that measures the delays.
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
/** The shortest allowed delay after each response, in milliseconds: that of the schedule, or of Retry-After. */
const SHORTEST = [250, 1000, 300]

const dir = mkdtempSync(path.join(tmpdir(), 'relay-retry-'))
const requests: { receivedAt: number; answeredAt: number; attempt: string }[] = []
let target: Server
let relay: LocalRelay
let port: number

beforeAll(async () => {
  target = createServer((request, response) => {
    const receivedAt = performance.now()
    const [status, headers] = ANSWERS[requests.length] ?? [500, {}]
    request.resume().on('end', () => {
      response.writeHead(status, headers).end()
      const attempt = String(request.headers['relay-attempt'])
      requests.push({ receivedAt, answeredAt: performance.now(), attempt })
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

it('follows a schedule of fractions of a second, and never retries before Retry-After', async () => {
  const response = await fetch(`http://127.0.0.1:${port}/in/hype?key=retry-test`, {
    method: 'POST',
    body: JSON.stringify({ id: 'c', publisher_id: 'p', type: 'payment.created', timestamp: 1e9 }),
  })
  expect(response.status).toBe(202)

  await expect.poll(() => requests.length, { timeout: 20_000 }).toBe(4)

  const delays = requests
    .slice(1)
    .map(({ receivedAt }, i) => receivedAt - (requests[i]?.answeredAt ?? 0))
  console.info(`delays: ${delays.map((ms) => ms.toFixed(0)).join(', ')} ms`)
  for (const [i, shortest] of SHORTEST.entries()) expect(delays[i]).toBeGreaterThanOrEqual(shortest)
  expect(requests.map(({ attempt }) => attempt)).toEqual(['1', '2', '3', '4'])
})
