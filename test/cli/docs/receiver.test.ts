// The receiver of docs/receiving.md, run as it is written there but for its port.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { freePort } from '../project.ts'
import { blocksOf, ROOT, readPages } from './pages.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const BODY = '{"id":"evt_1","type":"payment.created","data":{"name":"Zoë"}}'
const MARKED = `\ufeff${BODY}`

const dir = mkdtempSync(path.join(tmpdir(), 'relay-receiver-'))
let url: string
let receiver: ReturnType<typeof spawn>

beforeAll(async () => {
  const page = readPages().filter(({ name }) => name === 'docs/receiving.md')
  const [code] = blocksOf(page).filter(({ language }) => language === 'js')
  const port = await freePort()
  const file = path.join(dir, 'receiver.mjs')
  writeFileSync(file, (code?.text ?? '').replace('.listen(9000)', `.listen(${port})`))
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(dir, 'node_modules'))
  receiver = spawn(process.execPath, [file], {
    env: { ...process.env, CRM_SIGNING_SECRET: SECRET },
  })
  url = `http://127.0.0.1:${port}`
  await vi.waitFor(async () => expect((await fetch(url, { method: 'POST' })).status).toBe(401), {
    timeout: 20_000,
  })
})
afterAll(async () => {
  receiver.kill()
  await once(receiver, 'close')
  rmSync(dir, { recursive: true })
})

it.each<[of: string, body: string, status: number, signed?: string]>([
  ['as it was signed', BODY, 204],
  ['that was changed', BODY.replace('payment', 'refund'), 401],
  ['that begins with a byte order mark, as it was signed', MARKED, 204, MARKED],
  ['that lost its byte order mark', BODY, 401, MARKED],
])('answers a body %s', async (_case, body, status, signed = BODY) => {
  const at = new Date()
  const headers = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(SECRET).sign('evt_1', at, signed),
  }

  expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(status)
})
