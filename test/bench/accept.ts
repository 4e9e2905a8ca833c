// How fast the relay accepts requests, against a floor: a Worker that writes rows of the same sizes in the same round trips,
// and does nothing else.
import { memberOf } from '../../src/simulator/member.ts'
import type { Bench, Cell, Goal, Options } from './tools/bench.ts'
import { runtimeClock } from './tools/cpu.ts'
import { median, ratiosOf, spreadText } from './tools/figures.ts'
import { perSecond } from './tools/load.ts'
import { FLOOR, type RunningWorker, startRuntime } from './tools/runtime.ts'
import type { Template } from './tools/template.ts'
import { COMMONEST, cpuOf, measureAt, p50, p99, sideOf, type Turn, warm } from './tools/turns.ts'

const CONNECTIONS = [1, 16, 64]
const MEMBERS = 200
const TARGETS = ['crm', 'finance']

/** A vendor's commonest event, and the reads that recording it takes. */
type Kind = (typeof COMMONEST)[number] & Pick<Template, 'history' | 'checksOthers'>

const READS = {
  hapana: { history: 1, checksOthers: false },
  hype: { history: 4, checksOthers: true },
}

const KINDS: Kind[] = COMMONEST.map((kind) => ({ ...kind, ...READS[kind.vendor] }))

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
    const seeds = { seed: options.seed, members: MEMBERS }
    const relaySide = sideOf(relay.url, kind, seeds, clock)
    const floorSide = sideOf(floor.url, kind, seeds, clock)
    await warm(relaySide)
    // The row that it writes for every message is one that the relay has written.
    await sendTemplate(floor, await templateOf(kind, relay.db, options.seed))
    await warm(floorSide)
    const measured: Measured[] = []
    for (const connections of CONNECTIONS) {
      const pairs = await measureAt(connections, [relaySide, floorSide], kind.vendor, options)
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
    Number(median(pairs.map((pair) => cpuOf(pair[side]))).toFixed(2))
  return {
    title:
      'CPU milliseconds of the runtime for a request, its D1 included: steadier than rates where others share the machine',
    columns: ['', 'relay', 'floor', 'relay : floor'],
    rows: measured.map(({ name, pairs }): Cell[] => [
      name,
      of(pairs, 0),
      of(pairs, 1),
      spreadText(ratiosOf(pairs, cpuOf)),
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
