// Drives the relay through a world: requests to its ingest URLs by a clock that is turned, and targets that take what comes.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import type { Tree } from '../weather/machine/build.ts'
import { Clock } from '../weather/machine/clock.ts'
import type { World as MachineWorld } from '../weather/machine/isolate.ts'
import { Random } from '../weather/machine/random.ts'
import { Relay } from '../weather/machine/relay.ts'
import { Sky } from '../weather/machine/sky.ts'
import { KEY } from './network.ts'
import type { Arrival, Delivered, Event, Receipt } from './truth.ts'
import { ZONE } from './vendors/hapana-forms.ts'
import { DAYS, END, START, type World } from './world/world.ts'

const DAY = 86_400_000
const HOUR = 3_600_000

/** What is left to happen after the last request: the longest settle time, and more. */
const AFTER_MS = 2 * 3_600_000

/** Sends all arrivals, writes the answers to them, and returns what the targets got. */
export async function drive(
  world: World,
  arrivals: readonly Arrival[],
  { tree, hotDays }: { tree: Tree; hotDays: number },
): Promise<Delivered[]> {
  const clock = new Clock(START)
  const delivered: Delivered[] = []
  const relay = new Relay(
    machineOf(clock, world.seed, delivered),
    { tree, vars: { ...varsOf(world), HOT_DAYS: hotDays, RETENTION_DAYS: DAYS + 30 } },
    {
      ...{
        isolates: 1,
        skewMs: () => 0,
        hasArchive: world.seed % 2 === 1,
        retentionSeconds: tree.retentionSeconds,
      },
    },
  )
  migrate(relay, tree)
  const end = Math.max(END, arrivals.at(-1)?.at ?? 0) + AFTER_MS
  clock.at(START + 1000, () => void relay.tick())
  if (hotDays < DAYS)
    for (let at = START + HOUR; at < end; at += HOUR + 60_000) clock.at(at, () => void relay.tick())
  else for (let at = START + DAY; at < end; at += DAY) clock.at(at, () => tickIfDue(relay, at))
  for (const arrival of arrivals) clock.at(arrival.at, () => void send(relay, arrival))
  await clock.turnUntil(end)
  return delivered
}

function migrate({ database }: Relay, tree: Tree): void {
  for (const sql of tree.migrations) database.migrate(sql)
  const names = readdirSync(path.join(tree.dir, 'src/store/migrations')).filter((name) =>
    name.endsWith('.sql'),
  )
  database.migrate('CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE)')
  for (const name of names.sort())
    database.migrate(`INSERT INTO d1_migrations (name) VALUES ('${name}')`)
}

/** Nothing fails here, so the cron has no delivery to find, and its accounts are no part of what is told to targets. */
function tickIfDue(relay: Relay, now: number): void {
  const waiting =
    "SELECT 1 FROM deliveries WHERE state IN ('pending', 'retrying', 'held') AND due < ?1 LIMIT 1"
  if (relay.database.read(waiting, now - 5 * 60_000).length > 0) void relay.tick()
}

async function send(relay: Relay, arrival: Arrival): Promise<void> {
  const { message, headers, query, body } = arrival
  const request = new Request(`https://relay.example.com/in/${message.vendor}${query}`, {
    ...{ method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } },
  })
  const response = await relay.request(request)
  if (response?.status !== 202) throw new Error(`${response?.status}: ${await response?.text()}`)
  arrival.answer = (await response.json()) as Receipt
}

/** A machine in which nothing fails, and whose network is the targets. */
function machineOf(clock: Clock, seed: number, delivered: Delivered[]): MachineWorld {
  const sky = new Sky()
  sky.repeats = 0
  const fail = (what: string) => {
    throw new Error(what)
  }
  return {
    ...{
      clock,
      sky,
      plan: 'paid',
      random: new Random(seed, 'machine'),
      onCut: () => {},
      onFlood: fail,
    },
    fetch: async (url, { body }) => {
      const target = new URL(url).hostname.split('.')[0] ?? ''
      const event = JSON.parse(String(body)) as Event
      // What the relay tells of itself is no claim about anybody.
      if (!event.type.startsWith('relay.')) delivered.push({ target, at: clock.now, event })
      return new Response(null, { status: 204 })
    },
    log: (_, line) => {
      if (process.env.LIVES_LOG) console.error(new Date(clock.now).toISOString(), line)
    },
    onLimit: fail,
  }
}

/** One target that is told everything at once, and one that waits for ends to settle. */
export const TARGETS = [
  { name: 'ledger', url: 'https://ledger.example.com/', events: ['*'] },
  {
    ...{ name: 'door', url: 'https://door.example.com/', settle_seconds: 900 },
    events: ['subscription.ended', 'subscription.corrected'],
  },
]

function varsOf({ hapana, hype }: World): Record<string, unknown> {
  const proof =
    hapana.delivery === 'none'
      ? { secret: 'KEY', header: 'x-relay-key' }
      : { signing_secret: 'KEY' }
  const isKnown = hapana.knowsZone
  const forms = isKnown ? { timezone: ZONE, currency: 'AUD', date_format: 'DD/MM/YYYY' } : {}
  return {
    KEY,
    ADMIN_TOKEN: 'lives-admin-token-0123456789',
    SOURCES: [
      { name: 'hapana', vendor: 'hapana', ...proof, ...forms },
      {
        name: 'hype',
        vendor: 'hype',
        secret: 'KEY',
        ...(hype.knowsCurrency ? { currency: 'USD' } : {}),
      },
    ],
    TARGETS,
  }
}
