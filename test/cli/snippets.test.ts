// The snippets with which receivers verify deliveries, run exactly as the console shows them: TypeScript always, PHP under
// CGI and Python where they are installed.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = path.join(import.meta.dirname, '../..')
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const ANOTHER = 'whsec_AAAQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const BODY = '{"type":"payment.created","data":{"name":"Zoë — 会员"}}'
const MARKED = `\ufeff${BODY}`

type Delivery = { headers: Record<string, string>; body: string }
type Answer = { status: number; handled: unknown }

const dir = mkdtempSync(path.join(tmpdir(), 'relay-snippet-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** The snippet of a language, which keeps the event that it would handle by `keep`. */
function snippet(language: string, keep: string): string {
  const file = path.join(ROOT, `src/console/assets/verify/${language}.txt`)
  const text = readFileSync(file, 'utf8')
  expect(text).toMatch(/(\/\/|#) handle \$?event once for each webhook-id\n/)
  return text.replace(/(\/\/|#) handle \$?event once for each webhook-id\n/, `${keep}\n`)
}

/** Whether a command ends well: what is not installed here is not tested here. */
function works(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const LANGUAGES: [name: string, isInstalled: boolean, prepare: () => Promise<Receive>][] = [
  ['TypeScript', true, prepareTypeScript],
  ['PHP', works('php-cgi', '-v'), preparePhp],
  ['Python', works('python3', '-c', 'import flask, standardwebhooks'), preparePython],
]
type Receive = (delivery: Delivery) => Promise<Answer>

async function prepareTypeScript(): Promise<Receive> {
  process.env.SECRET = SECRET
  const file = path.join(dir, 'receive.ts')
  writeFileSync(file, snippet('typescript', 'globalThis.handled = event'))
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(dir, 'node_modules'))
  const { receive } = await import(/* @vite-ignore */ pathToFileURL(file).href)
  delete process.env.SECRET
  const kept = globalThis as { handled?: unknown }
  return async (delivery) => {
    delete kept.handled
    const init = { method: 'POST', ...delivery }
    const { status } = await receive(new Request('http://receiver.example/', init))
    return { status, handled: kept.handled }
  }
}

async function preparePhp(): Promise<Receive> {
  const file = path.join(dir, 'receive.php')
  writeFileSync(file, snippet('php', "header('x-handled: ' . base64_encode(json_encode($event)));"))
  return async ({ headers, body }) => {
    const bytes = Buffer.from(body)
    const named = Object.entries(headers).map(([name, value]) => [
      `HTTP_${name.toUpperCase().replaceAll('-', '_')}`,
      value,
    ])
    const env = {
      ...Object.fromEntries(named),
      PATH: process.env.PATH,
      SECRET,
      REDIRECT_STATUS: '200',
      REQUEST_METHOD: 'POST',
      CONTENT_TYPE: 'application/json',
      CONTENT_LENGTH: String(bytes.length),
      SCRIPT_FILENAME: file,
    }
    const answer = execFileSync('php-cgi', { cwd: dir, env, input: bytes, encoding: 'utf8' })
    const [, handled] = /^x-handled: (\S+)/im.exec(answer) ?? []
    return {
      status: Number(/^Status: (\d+)/m.exec(answer)?.[1] ?? 200),
      handled: handled && JSON.parse(Buffer.from(handled, 'base64').toString()),
    }
  }
}

/** Flask's own client, which makes a request without a server. */
const PYTHON_CLIENT = `
import sys
given = json.load(sys.stdin)
handled = None
answer = app.test_client().post("/", data=given["body"].encode(), headers=given["headers"])
print(json.dumps({"status": answer.status_code, "handled": handled}))
`

async function preparePython(): Promise<Receive> {
  const file = path.join(dir, 'receive.py')
  const text = snippet('python', 'globals()["handled"] = event')
  writeFileSync(file, text + PYTHON_CLIENT)
  return async (delivery) => {
    const env = { ...process.env, SECRET }
    const input = JSON.stringify(delivery)
    return JSON.parse(execFileSync('python3', [file], { env, input, encoding: 'utf8' }))
  }
}

describe.each(LANGUAGES)('the snippet for %s', (_language, isInstalled, prepare) => {
  let receive: Receive
  beforeAll(async () => {
    if (isInstalled) receive = await prepare()
  })

  it
    .skipIf(!isInstalled)
    .each<
      [of: string, status: number, secrets: string[], sent: string, signed?: string, ageMs?: number]
    >([
      ['of the target', 204, [SECRET], BODY],
      ['of a target with two secrets', 204, [ANOTHER, SECRET], BODY],
      ['that begins with a byte order mark', 204, [SECRET], MARKED],
      ['that lost its byte order mark', 401, [SECRET], BODY, MARKED],
      ['with another secret', 401, [ANOTHER], BODY],
      ['without a signature', 401, [], BODY],
      ['whose body was changed', 401, [SECRET], BODY.replace('payment', 'refund'), BODY],
      ['of an hour ago', 401, [SECRET], BODY, BODY, 3_600_000],
    ])(
    'answers a delivery %s with %i',
    async (_, status, secrets, body, signed = body, ageMs = 0) => {
      const at = new Date(Date.now() - ageMs)
      const signatures = secrets.map((one) => new Webhook(one).sign('evt_1', at, signed))
      const headers = {
        'webhook-id': 'evt_1',
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        ...(signatures.length > 0 ? { 'webhook-signature': signatures.join(' ') } : {}),
      }

      const answer = await receive({ headers, body })

      expect(answer.status).toBe(status)
      if (status === 204) expect(answer.handled).toEqual(JSON.parse(BODY))
      else expect(answer.handled ?? null).toBeNull()
    },
  )
})
