// A week of a relay in which everything happens that it reports: events of the vectors, and one of each of its own types.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { SCENARIOS } from '../../src/simulator/scenarios.ts'
import type { Tree } from '../weather/machine/build.ts'
import { Clock } from '../weather/machine/clock.ts'
import { Random } from '../weather/machine/random.ts'
import { Relay } from '../weather/machine/relay.ts'
import { Sky } from '../weather/machine/sky.ts'
import type { Event } from './events.ts'

const START = Date.UTC(2027, 0, 4)
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const ORIGIN = 'https://relay.example.com'
const TOKEN = 'schemas-admin-token-0123456789'
const KEY = 'schemas-key-0123456789'

/** `all` gets everything. How the others answer is in `statusOf`. */
const TARGETS = [
  { name: 'all', events: ['*', 'relay.*'], include: ['extra', 'custom_properties', 'address'] },
  { name: 'flaky', events: ['contact.*'], retry: [60] },
  { name: 'weak', events: ['checkin.*'], retry: [60] },
  { name: 'leaver', events: ['purchase.*'] },
  { name: 'removed', events: ['membership.*'] },
].map((target) => ({ ...target, url: `https://${target.name}.example.com/` }))

/** The configuration with a currency of Hapana, and some of the targets. */
function varsOf(currency: string, targets: readonly string[]): Record<string, unknown> {
  const forms = { timezone: 'Australia/Sydney', currency, date_format: 'DD/MM/YYYY' }
  const SOURCES = [
    { name: 'hapana', vendor: 'hapana', secret: 'KEY', header: 'x-relay-key', ...forms },
    { name: 'hype', vendor: 'hype', secret: 'KEY', currency: 'USD' },
  ]
  return {
    KEY,
    ADMIN_TOKEN: TOKEN,
    SOURCES,
    TARGETS: TARGETS.filter(({ name }) => targets.includes(name)),
  }
}

type Vector = {
  vendor: string
  request: { eventName?: string | undefined; body?: unknown; text?: string }
}

/** Lives the week, and returns what the target `all` was sent. */
export async function liveScene(tree: Tree): Promise<Event[]> {
  const clock = new Clock(START)
  const sent: Event[] = []
  let isFlaky = false
  const statusOf = (target: string) =>
    ({ weak: 500, leaver: 410, flaky: isFlaky ? 500 : 204 })[target] ?? 204
  const relay = relayOf(tree, clock, (target, body) => {
    if (target === 'all') sent.push(JSON.parse(body) as Event)
    return statusOf(target)
  })
  const operator = operatorOf(relay, clock)
  const { post } = operator
  const wait = (ms: number) => clock.turnUntil(clock.now + ms)
  for (let at = START + 1000; at < START + 8 * DAY; at += 9 * MINUTE) {
    clock.at(at, () => void relay.tick())
  }

  await signInAndOut(relay, clock)
  await post('targets/removed/pause')
  await sendMessages(relay, clock)
  quarantineOne(relay)
  await post('quarantine/release', { cause: 'status: is not known' })
  await post('quarantine/dismiss', { source: 'hapana', reason: 'a test' })
  relay.deploy({ tree, vars: varsOf('NZD', ['all', 'flaky', 'weak', 'leaver']) })
  isFlaky = true
  for (let day = 0; day < 7; day++) {
    for (let i = 0; i < 6; i++) {
      const overrides = { clientID: `${day}-${i}`, email: `ana.${day}.${i}@example.com` }
      await post('simulate', { source: 'hapana', type: 'accountCreated', overrides })
      await post('simulate', { source: 'hapana', type: 'checkIn', overrides })
    }
    await post('simulate', { source: 'hype', journey: { members: 2 }, limit: 40 })
    await wait(DAY)
    if (day === 1) isFlaky = false
  }
  await post('targets/all/test')
  await post('targets/flaky/pause')
  await post('targets/flaky/resume')
  await actOnPeople(sent, operator)
  await post('renormalize', { since: '30d', dry_run: false })
  await wait(DAY)
  return sent
}

/** Makes the last message of a kind one that an earlier version did not understand: its release is another event. */
function quarantineOne({ database }: Relay): void {
  const last =
    "(SELECT max(key) FROM events WHERE type = 'contact.updated' AND status = 'accepted')"
  database.migrate(`DELETE FROM deliveries WHERE event = ${last}`)
  database.migrate(
    `UPDATE events SET status = 'quarantined', event = NULL, planned = 0, dedup_stamp = NULL, contact = NULL,
       issues = '[{"path":"status","message":"is not known"}]', dedup_key = 'q' || key WHERE key = ${last}`,
  )
}

/** Merges two people, and splits them again. Those of tests cannot be split. */
async function actOnPeople(sent: readonly Event[], { get, post }: Operator): Promise<void> {
  const real = sent.filter(({ test, vendor }) => test === undefined && vendor === 'hapana')
  const [one, other] = new Set(real.flatMap(({ personid }) => personid ?? []))
  await post(`people/${one}/merge`, { person: other })
  const { contacts } = (await get(`people/${one}`)) as { contacts: Contact[] }
  const joined = contacts.find(({ joined_by }) => joined_by === 'operator')
  await post(`people/${one}/split`, { source: joined?.source, contact: joined?.contact })
}

type Operator = ReturnType<typeof operatorOf>
type Contact = { source: string; contact: string; joined_by: string | null }

function relayOf(
  tree: Tree,
  clock: Clock,
  answer: (target: string, body: string) => number,
): Relay {
  const sky = new Sky()
  sky.repeats = 0
  const fail = (what: string) => {
    throw new Error(what)
  }
  const world = {
    ...{ clock, sky, plan: 'paid' as const, random: new Random(1, 'schemas') },
    ...{ log: () => {}, onCut: () => {}, onFlood: fail, onLimit: fail },
    fetch: async (url: string, { body }: RequestInit) => {
      const target = new URL(url).hostname.split('.')[0] ?? ''
      return new Response(null, { status: answer(target, String(body)) })
    },
  }
  const vars = varsOf('AUD', ['all', 'flaky', 'weak', 'leaver', 'removed'])
  const relay = new Relay(
    world,
    { tree, vars },
    { isolates: 1, skewMs: () => 0, hasArchive: false, retentionSeconds: tree.retentionSeconds },
  )
  for (const sql of tree.migrations) relay.database.migrate(sql)
  return relay
}

/** The answer to a request, for which the clock is turned by a minute. */
async function answerOf(relay: Relay, clock: Clock, request: Request): Promise<Response> {
  let response: Response | undefined
  void relay.request(request).then((answer) => {
    response = answer
  })
  await clock.turnUntil(clock.now + MINUTE)
  if (response === undefined) throw new Error(`${request.url} was not answered`)
  return response
}

/** What an operator does by the API. Throws for what is refused. */
function operatorOf(relay: Relay, clock: Clock) {
  async function call(path: string, init: RequestInit): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
    const request = new Request(`${ORIGIN}/api/${path}`, { ...init, headers })
    const response = await answerOf(relay, clock, request)
    if (response.ok) return (await response.json()) as Record<string, unknown>
    throw new Error(`${init.method} ${path}: ${response.status} ${await response.text()}`)
  }
  return {
    get: (path: string) => call(path, { method: 'GET' }),
    post: async (path: string, body: unknown = {}) =>
      void (await call(path, { method: 'POST', body: JSON.stringify(body) })),
  }
}

async function signInAndOut(relay: Relay, clock: Clock): Promise<void> {
  const form = (path: string, body: string, cookie = '') => {
    const type = 'application/x-www-form-urlencoded'
    const headers = { 'content-type': type, origin: ORIGIN, cookie }
    const url = `${ORIGIN}/console/${path}`
    return answerOf(relay, clock, new Request(url, { method: 'POST', headers, body }))
  }
  const signedIn = await form('sign-in', `token=${TOKEN}`)
  const [cookie = ''] = (signedIn.headers.get('set-cookie') ?? '').split(';')
  await form('sign-out', '', cookie)
}

/** Sends the requests of the vectors and of the simulator's scenarios, these with a contact of their own each. */
async function sendMessages(relay: Relay, clock: Clock): Promise<void> {
  const file = path.join(import.meta.dirname, '../vectors/normalization.json')
  const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] }
  const scenarios = Object.entries(SCENARIOS).flatMap(([vendor, scenarios]) =>
    scenarios.flatMap(({ messages }, i) =>
      messages.map(({ eventName, body }): Vector => {
        const text = JSON.stringify(body).replaceAll(/"(clientID|id)":"\w/g, `"$1":"${i}`)
        return { vendor, request: { eventName, text } }
      }),
    ),
  )
  for (const { vendor, request } of [...vectors, ...scenarios]) {
    const query = new URLSearchParams({
      ...(vendor === 'hype' ? { key: KEY } : {}),
      ...(request.eventName === undefined ? {} : { event: request.eventName }),
    })
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-relay-key': KEY },
      body: request.text ?? JSON.stringify(request.body),
    }
    // Longer than a delivery takes: what follows may correct what was delivered.
    await answerOf(relay, clock, new Request(`${ORIGIN}/in/${vendor}?${query}`, init))
  }
}
