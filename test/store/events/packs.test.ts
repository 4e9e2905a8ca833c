// The bytes of packs: parts and blocks, in each place, with lines as large as rows may be.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { EVENT_KINDS } from '../../../src/core/events/vocabulary.ts'
import { firstKeyAt, idOfKey } from '../../../src/core/id.ts'
import { lineOf, type PackLine } from '../../../src/core/ledger/pack-line.ts'
import { numberOfKind } from '../../../src/store/events/packs/kinds.ts'
import type { Pack } from '../../../src/store/events/packs/packs.ts'
import { readLines, readPacked } from '../../../src/store/events/packs/read.ts'
import { checkBytes } from '../../../src/store/events/packs/write.ts'
import { putPack } from '../../../src/store/ledger/packs/swap.ts'
import { writeVersion } from '../../../src/store/ledger/packs/version.ts'
import { NOW, toolsAt } from '../../builders.ts'
import { clearLog } from '../../packed-log.ts'
import { objectNames, PLACES, type packedLines } from '../../packs.ts'

const SEGMENT = { start: NOW, until: NOW + 3_600_000 }

/** Text that does not become smaller. */
function noise(length: number): string {
  const bytes = new Uint8Array(65_536)
  let text = ''
  while (text.length < length) text += btoa(String.fromCharCode(...crypto.getRandomValues(bytes)))
  return text.slice(0, length)
}

function aLine(i: number, raw: string): PackLine {
  const key = String(BigInt(firstKeyAt(NOW)) + BigInt(i))
  return lineOf({
    event: {
      ...{
        key,
        source: 'gym',
        vendor: 'hapana',
        status: 'accepted',
        type: 'message.sent',
        vendor_type: null,
      },
      ...{
        contact: null,
        planned: 0,
        hops: 0,
        dedup_key: 'k',
        dedup_stamp: null,
        rung: null,
        matched: null,
      },
      ...{
        encoding: 'base64',
        headers: '{}',
        issues: null,
        event: null,
        raw,
        at: null,
        event_name: null,
        dismissed: null,
      },
    },
    deliveries: [],
  })
}

async function* inTwos(lines: readonly PackLine[]) {
  for (let i = 0; i < lines.length; i += 2) yield lines.slice(i, i + 2)
}

async function allOf(place: (typeof PLACES)['d1'], pack: Pack): ReturnType<typeof packedLines> {
  const all: PackLine[] = []
  for await (const lines of readLines(place, pack)) all.push(...lines)
  return all
}

beforeEach(async () => {
  await clearLog()
  await env.DB.prepare('INSERT INTO segments (start, until, counted) VALUES (?1, ?2, 1)')
    .bind(SEGMENT.start, SEGMENT.until)
    .run()
})

describe.each([
  ['D1', PLACES.d1, 3],
  ['R2', PLACES.r2, 8],
] as const)('a pack in %s', (name, place, megabytes) => {
  it('is in as many parts as it takes, and each event is found in its block', async () => {
    const lines = Array.from({ length: 2 * megabytes }, (_, i) => aLine(i, noise(900_000)))
    const small = Array.from({ length: 300 }, (_, i) => aLine(1000 + i, noise(2000)))
    const all = [...lines, ...small]

    const pack = await writeVersion(place, SEGMENT, inTwos(all), toolsAt(NOW))
    await putPack(place.DB, pack, undefined, NOW)

    expect(pack.parts.length).toBeGreaterThan(1)
    expect(pack.blocks.length).toBeGreaterThan(lines.length)
    expect(pack).toMatchObject({ events: all.length, hasRaw: true, states: {} })
    expect(await objectNames()).toHaveLength(name === 'R2' ? pack.parts.length : 0)
    expect(await allOf(place, pack)).toEqual(all)
    const some = [all[0], all[3], all[7 + megabytes], all.at(-1)] as PackLine[]
    expect(
      await readPacked(
        place,
        some.map(({ id }) => id),
      ),
    ).toEqual(new Map(some.map((line) => [line.id, line])))
    expect(await readPacked(place, [idOfKey(firstKeyAt(NOW + 5))])).toEqual(new Map())
  }, 60_000)

  it('that is damaged is recognised', async () => {
    const pack = await writeVersion(place, SEGMENT, inTwos([aLine(1, 'AAAA')]), toolsAt(NOW))
    expect(await checkBytes(place, pack)).toBeUndefined()
    const [[bytes, hash] = [0, '']] = pack.parts

    expect(await checkBytes(place, { ...pack, parts: [[bytes, `f${hash.slice(1)}`]] })).toMatch(
      /^part 0 has the hash/,
    )
    expect(await checkBytes(place, { ...pack, events: 2 })).toBe('it has 1 lines instead of 2')
    await expect(checkBytes(place, { ...pack, version: 1 })).rejects.toThrow(
      'the bytes of a pack are not there',
    )
  })
})

it('stores the kinds of events as numbers that stay the same', () => {
  expect(EVENT_KINDS.map((kind) => [kind, numberOfKind(kind)])).toEqual([
    ['contact', 0],
    ['membership', 1],
    ['purchase', 2],
    ['payment', 3],
    ['subscription', 4],
    ['checkin', 5],
    ['message', 6],
  ])
})
