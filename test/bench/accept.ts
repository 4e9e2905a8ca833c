// How fast the relay accepts requests, against a floor: a Worker that writes rows of the same sizes in the same round trips,
// and does nothing else.
import { memberOf } from '../../src/simulator/member.ts'
import type { VendorId } from '../../src/vendors/index.ts'
import type { Bench, Cell, Goal, Options } from './tools/bench.ts'
import { runtimeClock } from './tools/cpu.ts'
import { alternate, inRounds, median, percentile, ratiosOf, spreadText } from './tools/figures.ts'
import { connect, type Load, perSecond, together } from './tools/load.ts'
import { trafficOf } from './tools/messages.ts'
import { FLOOR, type RunningWorker, startRuntime } from './tools/runtime.ts'
import type { Template } from './tools/template.ts'

const CONNECTIONS = [1, 16, 64]
const MEMBERS = 200
const TARGETS = ['crm', 'finance']
const ROUNDS = 5
const SECONDS = 4
/** The requests of a turn: as few as measure each connection, as the machine changes its speed several times a second. */
const TURN = { least: 20, each: 16 }
const WARM = 1000

/** A vendor's commonest event, and the reads that recording it takes. */
type Kind = {
  vendor: VendorId
  vendorType: string
  why: string
  history: Template['history']
  checksOthers: Template['checksOthers']
}

const KINDS: Kind[] = [
  {
    vendor: 'hapana',
    vendorType: 'checkIn',
    why: 'members come several times a week; all other events once a month or less',
    history: 1,
    checksOthers: false,
  },
  {
    vendor: 'hype',
    vendorType: 'payment.created',
    why: 'each supporter pays every month, and changes their contact rarely',
    history: 4,
    checksOthers: true,
  },
]

/** The result of a turn, with the CPU time of the runtime in milliseconds; NaN where it cannot be counted. */
type Turn = Load & { cpu: number }
/** Opens connections to a side, which then takes turns over them. */
type Side = (connections: number) => {
  turn: (requests: number) => Promise<Turn>
  close: () => void
}

export const accept: Bench = {
  summary: 'requests a second and latencies of accepting, against a floor (four minutes)',
  run: async (options) => {
    const measured: Measured[] = []
    for (const kind of KINDS) measured.push(...(await measure(kind, options)))
    return {
      notes: [
        ...KINDS.map(({ vendor, vendorType, why }) => `${vendor}: ${vendorType}, as ${why}.`),
        `Floor: one read in a batch of its own, then one batch of ${KINDS.map(({ checksOthers }) => (checksOthers ? 5 : 4)).join(' or ')} plain statements that write the same rows, and one sendBatch of ${TARGETS.length} messages. No consumers run; rate limits are left out.`,
      ],
      tables: [tableOf(measured), cpuTableOf(measured)],
      goals: goalsOf(measured),
    }
  },
}

type Measured = { name: string; pairs: [Turn, Turn][] }

/** Both sides on fresh databases in one process, at each number of connections. */
async function measure(kind: Kind, options: Options): Promise<Measured[]> {
  const targets = TARGETS.map((name) => ({ name, url: `https://${name}.example.com/` }))
  const runtime = await startRuntime([
    { name: 'relay', vars: { TARGETS: targets }, consumes: false },
    { name: 'floor', entry: FLOOR, consumes: false },
  ])
  try {
    const { relay, floor } = runtime.workers
    if (relay === undefined || floor === undefined) throw new Error('The runtime lacks a side.')
    const clock = runtimeClock() ?? (() => Number.NaN)
    const relaySide = sideOf(relay, kind, options.seed, clock)
    const floorSide = sideOf(floor, kind, options.seed, clock)
    await warm(relaySide)
    // The row that it writes for every message is one that the relay has written.
    await sendTemplate(floor, await templateOf(kind, relay.db, options.seed))
    await warm(floorSide)
    const measured: Measured[] = []
    for (const connections of CONNECTIONS) {
      const pairs = await measureAt(connections, relaySide, floorSide, kind, options)
      measured.push({ name: `${kind.vendor}, ${connections}`, pairs })
    }
    await requireSameSizes(relay, floor)
    if (runtime.faults.length > 0) throw new Error(`The Workers log: ${runtime.faults[0]}`)
    return measured
  } catch (error) {
    for (const fault of runtime.faults.slice(0, 3)) options.progress(fault)
    throw error
  } finally {
    await runtime.stop()
  }
}

function sideOf({ url }: RunningWorker, kind: Kind, seed: number, clock: () => number): Side {
  const seeds = { seed, members: MEMBERS, now: Date.now() }
  const traffic = trafficOf(kind.vendor, kind.vendorType, seeds)
  return (connections) => {
    const { load, close } = connect(url, traffic, connections)
    const turn = async (requests: number) => {
      const before = clock()
      const result = await load({ requests })
      return { ...result, cpu: clock() - before }
    }
    return { turn, close }
  }
}

/** Enough requests that V8 has compiled the code; start-up measures the first requests of an isolate. */
async function warm(side: Side): Promise<void> {
  const { turn, close } = side(4)
  await turn(WARM)
  close()
}

/** Rounds of many short turns of both sides over connections that stay open. */
async function measureAt(
  connections: number,
  relaySide: Side,
  floorSide: Side,
  { vendor }: Kind,
  { rounds = ROUNDS, seconds = SECONDS, progress }: Options,
): Promise<[Turn, Turn][]> {
  const [relay, floor] = [relaySide(connections), floorSide(connections)]
  const requests = Math.max(TURN.least, TURN.each * connections)
  const turns = Math.ceil((perSecond(await floor.turn(requests)) * seconds) / requests)
  progress(
    `${vendor}, ${connections} connections: ${rounds} rounds of ${turns} × ${requests} requests`,
  )
  const pairs = await alternate(
    rounds * turns,
    () => relay.turn(requests),
    () => floor.turn(requests),
  )
  relay.close()
  floor.close()
  return inRounds(pairs, turns, roundOf)
}

function roundOf(turns: readonly Turn[]): Turn {
  return { ...together(turns), cpu: turns.reduce((sum, { cpu }) => sum + cpu, 0) }
}

async function templateOf(
  { vendor, history, checksOthers }: Kind,
  db: RunningWorker['db'],
  seed: number,
): Promise<Template> {
  const row = await db
    .prepare(
      'SELECT source, vendor, type, vendor_type, event, headers, event_name FROM events ORDER BY key DESC LIMIT 1',
    )
    .first<Template['row']>()
  if (row === null) throw new Error('The relay has recorded no event.')
  const members = Array.from({ length: MEMBERS }, (_, i) => memberOf(String(seed), i + 1))
  const contacts = members.map((member) => (vendor === 'hype' ? member.contactId : member.clientId))
  return { row, contacts, targets: TARGETS, history, checksOthers }
}

async function sendTemplate({ url }: RunningWorker, template: Template): Promise<void> {
  const { ok } = await fetch(url, { method: 'PUT', body: JSON.stringify(template) })
  if (!ok) throw new Error('The floor did not accept its template.')
}

/** Throws unless the rows of both sides are alike: as many for each event, and as long. */
async function requireSameSizes(relay: RunningWorker, floor: RunningWorker): Promise<void> {
  const sizesOf = async ({ db }: RunningWorker) => {
    const sizes = await db
      .prepare(
        `SELECT avg(length(raw) + length(event) + length(headers) + length(dedup_key)) AS bytes,
           (SELECT count(*) FROM deliveries) * 1.0 / count(*) AS deliveries FROM events`,
      )
      .first<{ bytes: number; deliveries: number }>()
    if (sizes === null) throw new Error('No event was recorded.')
    return sizes
  }
  const [ours, theirs] = [await sizesOf(relay), await sizesOf(floor)]
  const isAlike =
    ours.deliveries === theirs.deliveries && Math.abs(ours.bytes / theirs.bytes - 1) < 0.02
  if (!isAlike) throw new Error(`Rows differ: ${JSON.stringify({ relay: ours, floor: theirs })}`)
}

const p50 = ({ latencies }: Turn) => percentile(latencies, 0.5)
const p99 = ({ latencies }: Turn) => percentile(latencies, 0.99)
const cpu = ({ cpu, latencies }: Turn) => cpu / latencies.length

function tableOf(measured: Measured[]) {
  const row = ({ name, pairs }: Measured): Cell[] => {
    const of = (side: 0 | 1, figure: (one: Turn) => number) =>
      Number(median(pairs.map((pair) => figure(pair[side]))).toFixed(1))
    return [
      name,
      ...([0, 1] as const).map((side) => Math.round(of(side, perSecond))),
      spreadText(ratiosOf(pairs, perSecond)),
      ...([0, 1] as const).map((side) => of(side, p50)),
      ...([0, 1] as const).map((side) => of(side, p99)),
      spreadText(ratiosOf(pairs, p99)),
    ]
  }
  return {
    title:
      'Vendor and connections: requests a second, milliseconds; ratios are medians of rounds (least–greatest)',
    columns: [
      ...['', 'relay/s', 'floor/s', 'ratio', 'relay p50', 'floor p50'],
      ...['relay p99', 'floor p99', 'p99 ratio'],
    ],
    rows: measured.map(row),
  }
}

function cpuTableOf(measured: Measured[]) {
  const of = (pairs: Measured['pairs'], side: 0 | 1) =>
    Number(median(pairs.map((pair) => cpu(pair[side]))).toFixed(2))
  return {
    title:
      'CPU milliseconds of the runtime for a request, its D1 included: steadier than rates where others share the machine',
    columns: ['', 'relay', 'floor', 'relay : floor'],
    rows: measured.map(({ name, pairs }): Cell[] => [
      name,
      of(pairs, 0),
      of(pairs, 1),
      spreadText(ratiosOf(pairs, cpu)),
    ]),
  }
}

function goalsOf(measured: Measured[]): Goal[] {
  return measured.flatMap(({ name, pairs }) => [
    {
      what: `${name}: throughput against the floor`,
      figure: ratiosOf(pairs, perSecond).median,
      unit: '×',
      atLeast: 0.85,
    },
    {
      what: `${name}: p99 against the floor`,
      figure: ratiosOf(pairs, p99).median,
      unit: '×',
      atMost: 1.3,
    },
  ])
}
