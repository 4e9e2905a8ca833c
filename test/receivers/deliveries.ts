// Real deliveries: a relay on this machine gets a payment, a contact, a check-in and a mail of 300 KB from its simulated
// vendors, and what it sends to its targets is kept, byte for byte. The relay runs until the end, as signatures are valid for
// five minutes.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { launchRelay, migrateLocally } from '../../src/cli/local-relay.ts'
import { memberOf } from '../../src/simulator/member.ts'
import { SENDERS } from '../../src/simulator/senders.ts'
import { freePort } from './commands.ts'
import { SIGNING_SECRET } from './program.ts'

const KEY = 'receivers-key-0123456789'
const OTHER_SECRET = 'whsec_AAAQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const MAIL_BYTES = 300_000
/** A vendor may begin its body with it; the format `raw` keeps it. */
const BYTE_ORDER_MARK = '\ufeff'
const ARRIVES_WITHIN_MS = 30_000

/** The targets: what each of them gets, and how. */
const TARGETS = {
  payment: { events: ['payment.created'] },
  checkin: { events: ['checkin.*'] },
  mail: { events: ['message.*'], include: ['message_body'] },
  slack: { events: ['payment.created'], format: 'slack' },
  raw: { events: ['payment.created'], format: 'raw' },
  'byte order mark': { events: ['contact.created'], format: 'raw' },
  'two secrets': { events: ['payment.created'], secret: ['OTHER_SECRET', 'SIGNING_SECRET'] },
  structured: { events: ['payment.created'], content_type: 'application/cloudevents+json' },
  binary: { events: ['payment.created'], format: 'cloudevents-binary' },
}

export type DeliveryName = keyof typeof TARGETS

/** A delivery as it arrived. */
export type Delivery = { name: DeliveryName; headers: Record<string, string>; body: Buffer }

/** One delivery to each target, by its name. */
export type Deliveries = Record<DeliveryName, Delivery>

export type Relay = {
  /** Sends new messages to the relay and returns what it delivers; throws when something does not arrive. */
  capture: () => Promise<Deliveries>
  stop: () => Promise<void>
}

/** Starts the relay with its database in a folder. */
export async function startRelay(folder: string): Promise<Relay> {
  const arrived = new Map<string, Delivery>()
  const server = createServer(async (request, response) => {
    const name = decodeURIComponent(request.url?.slice(1) ?? '') as DeliveryName
    const body = Buffer.concat(await request.toArray())
    const { host: _, connection: __, ...headers } = request.headers
    arrived.set(name, { name, headers: headers as Record<string, string>, body })
    response.writeHead(204).end()
  }).listen(await freePort(), '127.0.0.1')
  await once(server, 'listening')
  const port = await freePort()
  await migrateLocally(folder)
  const relay = launchRelay(port, ['--persist-to', folder, ...configArgs(server.address())], () => {
    // Its log is of no interest here.
  })
  const stop = async () => {
    server.closeAllConnections()
    server.close()
    await relay.stop()
  }
  await relay.ready.catch(async (error) => {
    await stop()
    throw error
  })
  let turn = 0
  const capture = async () => {
    arrived.clear()
    await sendMessages(port, ++turn)
    await untilAll(arrived)
    const deliveries = Object.fromEntries(arrived) as Deliveries
    if (!String(deliveries['byte order mark'].body).startsWith(BYTE_ORDER_MARK)) {
      throw new Error('The relay took the byte order mark off a raw body.')
    }
    return deliveries
  }
  return { capture, stop }
}

function configArgs(address: unknown): string[] {
  const origin = `http://127.0.0.1:${(address as { port: number }).port}`
  const targets = Object.entries(TARGETS).map(([name, target]) => ({
    name: name.replaceAll(' ', '-'),
    url: `${origin}/${encodeURIComponent(name)}`,
    secret: 'SIGNING_SECRET',
    ...target,
  }))
  const sources = [
    { name: 'hapana', vendor: 'hapana', secret: 'VENDOR_SECRET', header: 'x-relay-key' },
    { name: 'hype', vendor: 'hype', secret: 'VENDOR_SECRET' },
  ]
  const variables = {
    SOURCES: JSON.stringify(sources),
    TARGETS: JSON.stringify(targets),
    VENDOR_SECRET: KEY,
    ADMIN_TOKEN: KEY,
    SIGNING_SECRET,
    OTHER_SECRET,
  }
  return Object.entries(variables).flatMap(([name, value]) => ['--var', `${name}:${value}`])
}

/** Sends a payment, a contact, a check-in and a mail of another member each time, so that none is a repeat. */
async function sendMessages(port: number, turn: number): Promise<void> {
  const member = memberOf('receivers', turn)
  const origin = `http://127.0.0.1:${port}/in`
  const { hype, hapana } = SENDERS
  const mail = { ...hapana.bodyOf('outboundMessage', member, Date.now()), message: longMail() }
  const contact = hype.bodyOf('contact.created', member, Date.now())
  const requests = [
    [`hype?key=${KEY}`, JSON.stringify(hype.bodyOf('payment.created', member, Date.now()))],
    [`hype?key=${KEY}`, `${BYTE_ORDER_MARK}${JSON.stringify(contact)}`],
    ['hapana?event=checkIn', JSON.stringify(hapana.bodyOf('checkIn', member, Date.now()))],
    ['hapana?event=outboundMessage', JSON.stringify(mail)],
  ] as const
  for (const [path, body] of requests) {
    const response = await fetch(`${origin}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-relay-key': KEY },
      body,
    })
    if (!response.ok) throw new Error(`The relay refused ${path}: ${await response.text()}`)
  }
}

/** A mail of 300 KB, with characters beyond ASCII in it. */
function longMail(): string {
  const line = '<p style="margin:0">Liebe Zoë, 会员 — “quoted” &amp; a \\ backslash 🏋️</p>\n'
  return line.repeat(Math.ceil(MAIL_BYTES / Buffer.byteLength(line)))
}

async function untilAll(arrived: Map<string, Delivery>): Promise<void> {
  const deadline = Date.now() + ARRIVES_WITHIN_MS
  const names = Object.keys(TARGETS)
  while (Date.now() < deadline) {
    if (names.every((name) => arrived.has(name))) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const missing = names.filter((name) => !arrived.has(name))
  throw new Error(`The relay did not deliver: ${missing.join(', ')}`)
}
