// The price of reading and normalizing in plain Node: each type as its vendor sends it, and bodies that grow as those of a
// hostile or careless sender might.
import type { JsonObject } from '../../src/core/intake/json.ts'
import { readMessages } from '../../src/core/intake/messages.ts'
import { memberOf } from '../../src/simulator/member.ts'
import { SENDERS } from '../../src/simulator/senders.ts'
import { VENDORS, type VendorId } from '../../src/vendors/index.ts'
import { bytesAllocatedBy } from './tools/allocation.ts'
import type { Bench, Cell, Options } from './tools/bench.ts'
import { median, spreadOf, spreadText } from './tools/figures.ts'

const MEMBERS = 200
const NOW = Date.UTC(2026, 10, 21)

/** The sizes of the bodies; nothing else differs between the measurements. */
const GROWN_BYTES = [100_000, 200_000, 400_000, 800_000]

/** One pass through all members is a measurement: long enough for the clock, short enough for many. */
type Case = { vendor: VendorId; type: string; texts: string[] }

const times = <T>(count: number, one: (i: number) => T) =>
  Array.from({ length: count }, (_, i) => one(i))

/** Values that fill about so many bytes, under a key that no vendor has; It is added to the vendor's own keys. */
const GROWN: Record<string, (bytes: number) => JsonObject> = {
  'one long text': (bytes) => ({ strange: 'x'.repeat(bytes) }),
  'many keys': (bytes) => Object.fromEntries(times(bytes / 14, (i) => [`strange${i}`, 1])),
  'a list of whole numbers': (bytes) => ({ strange: times(bytes / 2, (i) => i % 10) }),
  'a list of decimals': (bytes) => ({ strange: times(bytes / 5, (i) => (i % 9) + 0.25) }),
  'a list of objects': (bytes) => ({ strange: times(bytes / 10, () => ({ a: 'b' })) }),
}

function casesOf(seed: number): Case[] {
  const members = times(MEMBERS, (i) => memberOf(String(seed), i + 1))
  return (Object.keys(SENDERS) as VendorId[]).flatMap((vendor) =>
    SENDERS[vendor].types.map((type) => ({
      vendor,
      type,
      texts: members.map((member, i) =>
        JSON.stringify(SENDERS[vendor].bodyOf(type, member, NOW - i * 1000)),
      ),
    })),
  )
}

const NO_HEADERS = new Headers()
const SETTINGS = { timezone: 'Australia/Sydney', currency: 'AUD', sites: {} }

/** Reads a body and normalizes it. Throws when it is not understood: that would measure something else. */
function normalize({ vendor, type }: Omit<Case, 'texts'>, text: string): void {
  const [message] = readMessages(text).messages
  if (message?.value === undefined) throw new Error(`a ${type} of ${vendor} is not a JSON object`)
  const { value: body } = message
  const eventName = SENDERS[vendor].isTypeInUrl ? type : undefined
  const { ok } = VENDORS[vendor].normalize({ body, headers: NO_HEADERS, eventName }, SETTINGS)
  if (!ok) throw new Error(`a ${type} of ${vendor} was not understood`)
}

const passOf = (one: Case) => () => {
  for (const text of one.texts) normalize(one, text)
}

const bytesOf = (texts: readonly string[]) => Buffer.byteLength(texts.join(''))

/** CPU milliseconds of some work, garbage collection included. */
function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** How many times a second some work of `count` parts is done, in each of some rounds. */
function ratesOf(work: () => void, count: number, rounds: number, seconds: number): number[] {
  for (const end = performance.now() + 200; performance.now() < end; ) work() // until it is compiled
  return times(rounds, () => {
    const begin = performance.now()
    let passes = 0
    while (performance.now() < begin + seconds * 1000) {
      work()
      passes++
    }
    return (passes * count * 1000) / (performance.now() - begin)
  })
}

/** A body of one vendor's first type, grown: CPU milliseconds, and bytes allocated for each of its own, by size. */
async function growth(
  vendor: VendorId,
  seed: number,
  grow: (bytes: number) => JsonObject,
  rounds: number,
) {
  const [type] = SENDERS[vendor].types
  const own = SENDERS[vendor].bodyOf(type, memberOf(String(seed), 1), NOW)
  const sizes = []
  for (const bytes of GROWN_BYTES) {
    const one = { vendor, type, texts: [JSON.stringify({ ...own, ...grow(bytes) })] }
    const work = passOf(one)
    work()
    const allocated = (await bytesAllocatedBy(work)) / bytesOf(one.texts)
    sizes.push({ allocated, ms: median(times(rounds, () => cpuMsOf(work))) })
  }
  return sizes
}

async function run({ seed, rounds = 5, seconds = 0.3, progress }: Options) {
  const rows: Cell[][] = []
  for (const one of casesOf(seed)) {
    progress(`${one.vendor} ${one.type}`)
    const rates = spreadOf(ratesOf(passOf(one), MEMBERS, rounds, seconds))
    const bytes = bytesOf(one.texts)
    const allocated = (await bytesAllocatedBy(passOf(one))) / bytes
    rows.push([
      `${one.vendor} ${one.type}`,
      Math.round(bytes / MEMBERS),
      Math.round(rates.median),
      spreadText({ median: 1e6 / rates.median, low: 1e6 / rates.high, high: 1e6 / rates.low }, 1),
      allocated.toFixed(1),
    ])
  }
  const grown: Cell[][] = []
  const ratios: number[] = []
  for (const vendor of Object.keys(SENDERS) as VendorId[]) {
    for (const [name, grow] of Object.entries(GROWN)) {
      progress(`${vendor}, ${name}`)
      const sizes = await growth(vendor, seed, grow, rounds)
      ratios.push((sizes.at(-1)?.allocated ?? Number.NaN) / (sizes[0]?.allocated ?? Number.NaN))
      grown.push([
        `${vendor}, ${name}`,
        ...sizes.map(({ allocated }) => allocated.toFixed(1)),
        ...sizes.map(({ ms }) => ms.toFixed(1)),
      ])
    }
  }
  const columns = GROWN_BYTES.map((bytes) => `${bytes / 1000} KB`)
  return {
    notes: [
      `Node ${process.version}: from a body's text to the event of our vocabulary; ${MEMBERS} made-up members, ${rounds} rounds.`,
      'Bytes allocated are an estimate by samples, garbage included, for each byte of the body.',
    ],
    tables: [
      {
        title: 'Normalizations',
        columns: ['', 'body, bytes', 'a second', 'microseconds', 'bytes per byte'],
        rows,
      },
      {
        title: 'A body that grows: bytes allocated per byte of it, then CPU milliseconds',
        columns: ['', ...columns, ...columns.map((size) => `${size}, ms`)],
        rows: grown,
      },
    ],
    goals: [
      {
        what: 'bytes allocated per byte of the body, eight times as large a body to the first, the most of all shapes',
        figure: Math.max(...ratios),
        unit: '×',
        atMost: 1.25,
      },
    ],
  }
}

export const vendors: Bench = {
  summary: 'normalizations a second by type, and the cost by the size of a body',
  run,
}
