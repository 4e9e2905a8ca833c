// The relay of a run, with a target that keeps what it gets: one event, after more than a page of others.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { launchRelay, migrateLocally } from '../../src/cli/local-relay.ts'
import { UserError } from '../../src/cli/user-error.ts'
import { freePort } from '../cli/project.ts'

const ENTRY = path.join(import.meta.dirname, 'worker/index.ts')
const TOKEN = 'token-of-the-generators'
const SECRET = 'secret-of-the-generators'
const DELIVERED_WITHIN_MS = 60_000

/** A payment as Hype sends it. */
const PAYMENT = {
  id: '0a1b2c3d-1111-4222-8333-444455556666',
  publisher_id: 'p-1',
  email: 'ana.silva@example.com',
  type: 'payment.created',
  source: 'user',
  data: { tier: 'Gold', total: 10 },
  timestamp: 1_795_212_900,
}

/** Changes of other payments, which the target does not want: more than a page of the API has by default. */
const OTHERS = Array.from({ length: 60 }, (_, i) => ({
  ...PAYMENT,
  id: PAYMENT.id.replace(/^0a/, String(i + 10)),
  email: `ana.${i}@example.com`,
  type: 'payment.updated',
}))

export type TestRelay = {
  /** The variables of the environment for the steps of a tool. */
  env: Record<string, string>
  /** The lines that a program prints which makes the five calls and reads the delivery. */
  lines: string[]
  /** What a program prints that lists all events about payments: the ids of the first and of the last. */
  ids: string[]
  stop: () => Promise<void>
}

/** Starts it, with its database, its document and the delivery in a folder. */
export async function startRelay(folder: string): Promise<TestRelay> {
  const delivery = path.join(folder, 'delivery.json')
  const receiver = await startReceiver(delivery)
  const port = await freePort()
  const targets = [{ name: 'crm', url: receiver.url, events: ['payment.created'] }]
  const vars = { ADMIN_TOKEN: TOKEN, HYPE_SECRET: SECRET, TARGETS: JSON.stringify(targets) }
  const state = path.join(folder, 'state')
  await migrateLocally(state)
  const relay = launchRelay(
    port,
    [
      ENTRY,
      '--persist-to',
      state,
      ...Object.entries(vars).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
    ],
    () => undefined,
  )
  const stop = async () => {
    receiver.stop()
    await relay.stop()
  }
  try {
    await relay.ready
    const url = `http://127.0.0.1:${port}`
    const first = await sendOthers(url)
    const id = await send(url)
    await receiver.delivered
    const limit = await databaseLimit(url)
    const document = path.join(folder, 'openapi.json')
    writeFileSync(document, await (await fetch(`${url}/openapi.json`)).text())
    const env = {
      DOCUMENT: document,
      RELAY: url,
      RELAY_TOKEN: TOKEN,
      EVENT: id,
      DELIVERY: delivery,
      MOCK_PORT: String(await freePort()),
      FOLDER: import.meta.dirname,
    }
    const lines = [
      `events ${id} payment.created accepted`,
      'event delivered utf8',
      'replay crm',
      'plan 1',
      `database ${limit}`,
      `webhook payment.created ${PAYMENT.email}`,
    ]
    return { env, lines, ids: [first, id], stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A target that writes the first delivery to a file. */
async function startReceiver(file: string) {
  const delivered = Promise.withResolvers<void>()
  delivered.promise.catch(() => undefined) // an error before anybody waits for it is that of the start
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    writeFileSync(file, Buffer.concat(chunks))
    response.writeHead(204).end(() => delivered.resolve())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const late = new UserError('The event was not delivered within a minute.')
  const patience = setTimeout(() => delivered.reject(late), DELIVERED_WITHIN_MS)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    delivered: delivered.promise,
    stop: () => {
      clearTimeout(patience)
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Sends the others in one request. Returns the id of the first. */
async function sendOthers(url: string): Promise<string> {
  const body = JSON.stringify(OTHERS)
  const response = await fetch(`${url}/in/hype?key=${SECRET}`, { method: 'POST', body })
  const { events } = (await response.json()) as { events: { id: string; status: string }[] }
  const [first] = events
  if (first === undefined || events.some(({ status }) => status !== 'accepted')) {
    throw new UserError(`The relay did not accept the payments: ${JSON.stringify(events[0])}`)
  }
  return first.id
}

/** Sends the payment, and waits until its delivery is recorded. Returns its id. */
async function send(url: string): Promise<string> {
  const response = await fetch(`${url}/in/hype?key=${SECRET}`, {
    method: 'POST',
    body: JSON.stringify(PAYMENT),
  })
  const { id } = (await response.json()) as { id: string }
  const deadline = Date.now() + DELIVERED_WITHIN_MS
  while (Date.now() < deadline) {
    const { deliveries } = (await ask(url, `/api/events/${id}`)) as {
      deliveries: { state: string }[]
    }
    if (deliveries.every(({ state }) => state === 'delivered')) return id
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new UserError(`The event ${id} was not recorded as delivered within a minute.`)
}

async function databaseLimit(url: string): Promise<number> {
  const { database } = (await ask(url, '/api/attention')) as { database: { limit_bytes: number } }
  return database.limit_bytes
}

async function ask(url: string, path: string): Promise<unknown> {
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })
  return response.json()
}
