// The snippet with which receivers verify deliveries, run exactly as the console shows it. Only TypeScript runs here.
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, it } from 'vitest'

const ROOT = path.join(import.meta.dirname, '../..')
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const ANOTHER = 'whsec_AAAQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const BODY = '{"type":"payment.created","data":{"name":"Zoë — 会员"}}'

let receive: (request: Request) => Promise<Response>
const dir = mkdtempSync(path.join(tmpdir(), 'relay-snippet-'))

beforeAll(async () => {
  process.env.SECRET = SECRET
  const file = path.join(dir, 'receive.ts')
  writeFileSync(file, readFileSync(path.join(ROOT, 'src/console/assets/verify/typescript.txt')))
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(dir, 'node_modules'))
  ;({ receive } = await import(/* @vite-ignore */ pathToFileURL(file).href))
})
afterAll(() => {
  delete process.env.SECRET
  rmSync(dir, { recursive: true })
})

it.each<
  [of: string, status: number, secrets: string[], changes: { body?: string; ageMs?: number }]
>([
  ['of the target', 204, [SECRET], {}],
  ['of a target with two secrets', 204, [ANOTHER, SECRET], {}],
  ['with another secret', 401, [ANOTHER], {}],
  ['without a signature', 401, [], {}],
  ['whose body was changed', 401, [SECRET], { body: BODY.replace('payment', 'refund') }],
  ['of an hour ago', 401, [SECRET], { ageMs: 3_600_000 }],
])('responds to a delivery %s with %i', async (_, status, secrets, { body = BODY, ageMs = 0 }) => {
  const at = new Date(Date.now() - ageMs)
  const headers = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': secrets.map((one) => new Webhook(one).sign('evt_1', at, BODY)).join(' '),
  }
  const request = new Request('http://receiver.example/', { method: 'POST', headers, body })

  expect((await receive(request)).status).toBe(status)
})
