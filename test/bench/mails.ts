// What an event with a mail takes of D1: its row, its body, and what its deliveries keep of it.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { Bench, Options } from './tools/bench.ts'
import { trafficOf } from './tools/messages.ts'
import { type RunningWorker, startRuntime } from './tools/runtime.ts'

const MAILS = 100
const MAIL_BYTES = 60_000
const SETTLE_WITHIN_MS = 60_000

/** By what the two targets get: where both fail, their deliveries keep the body for the next attempt. */
const CASES = [
  ['delivered at the first attempt', 204],
  ['both first attempts failed', 422],
] as const

/** Words of no language, as many as a studio uses: a mail of them and of tables is compressed about as well as real ones. */
function htmlOf(random: () => number): string {
  const letters = 'etaoinshrdlucmfwypvbgk'
  const word = () =>
    Array.from(
      { length: 2 + Math.floor(random() * 8) },
      () => letters[Math.floor(random() ** 2 * letters.length)],
    ).join('')
  const words = Array.from({ length: 1500 }, word)
  let html = '<html><body><table role="presentation" cellpadding="0" cellspacing="0" width="100%">'
  while (html.length < MAIL_BYTES) {
    const text = Array.from(
      { length: 25 },
      () => words[Math.floor(random() ** 2 * words.length)],
    ).join(' ')
    html += `<tr><td align="left" style="padding:0 24px 16px;font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:24px;color:#333333">${text}</td></tr>`
  }
  return html.slice(0, MAIL_BYTES)
}

function randomOf(seed: number): () => number {
  let state = seed + 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const bytesOf = async ({ db }: RunningWorker) =>
  (await db.prepare('SELECT 1').all()).meta.size_after ?? Number.NaN

/** The bytes of D1 that a mail takes, in the mean, when its two targets answer with a status. */
async function measure(status: number, archive: boolean, seed: number): Promise<number> {
  const receiver = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(status).end())
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  const TARGETS = ['a', 'b'].map((name) => ({
    name,
    url: `http://127.0.0.1:${port}/${name}`,
    secret: 'EXAMPLE_SIGNING_SECRET',
    include: ['message_body'],
    retry: [86_400],
  }))
  const runtime = await startRuntime([
    { name: 'mails', consumes: true, archive, vars: { TARGETS } },
  ])
  try {
    const { mails } = runtime.workers
    if (mails === undefined) throw new Error('did not start')
    const random = randomOf(seed)
    const { path, headers, next } = trafficOf('hapana', 'outboundMessage', {
      seed,
      members: 50,
      now: Date.now(),
    })
    const send = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const body = JSON.stringify({ ...JSON.parse(next()), message: htmlOf(random) })
        const response = await fetch(mails.url + path, { method: 'POST', headers, body })
        const receipt = (await response.json()) as { status: string; deliveries: number }
        if (receipt.status !== 'accepted' || receipt.deliveries !== 2)
          throw new Error(JSON.stringify(receipt))
      }
      await untilTried(mails)
    }
    await send(5)
    const before = await bytesOf(mails)
    await send(MAILS)
    return ((await bytesOf(mails)) - before) / MAILS
  } finally {
    await runtime.stop()
    receiver.close()
  }
}

async function untilTried({ db }: RunningWorker): Promise<void> {
  const deadline = Date.now() + SETTLE_WITHIN_MS
  while (Date.now() < deadline) {
    const left = await db
      .prepare('SELECT count(*) AS n FROM deliveries WHERE attempt = 1')
      .first<number>('n')
    const waiting = await db
      .prepare("SELECT count(*) AS n FROM deliveries WHERE state = 'held'")
      .first<number>('n')
    if ((left ?? 0) - (waiting ?? 0) <= 0) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('not all deliveries were tried')
}

async function run({ seed, progress }: Options) {
  const rows: [string, number, number][] = []
  for (const [name, status] of CASES) {
    progress(name)
    rows.push([
      name,
      Math.round(await measure(status, false, seed)),
      Math.round(await measure(status, true, seed)),
    ])
  }
  const packed = gzipSync(JSON.stringify(htmlOf(randomOf(seed)))).length
  return {
    notes: [
      `${MAILS} mails of ${MAIL_BYTES} bytes of HTML, each to two targets that get it whole; gzip makes ${packed} bytes of one.`,
      'Bytes are those of the pages that D1 uses, divided by the mails.',
    ],
    tables: [{ title: 'Bytes of D1 for a mail', columns: ['', 'D1 alone', 'with R2'], rows }],
    goals: [],
  }
}

export const mails: Bench = { summary: 'bytes of D1 for an event with a mail', run }
