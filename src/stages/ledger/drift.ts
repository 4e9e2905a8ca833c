// cron → what the latest messages look like is noted in the drift diary of their source and type. Reads the log, so an
// event costs the accept path nothing, and what was quarantined is noted too: there drift shows first.

import { shapeOf } from '../../core/events/shape.ts'
import { isObject } from '../../core/intake/json.ts'
import { addSamples, reportTypeFor, type ShapeSample } from '../../core/ledger/drift.ts'
import type { Env, Log } from '../../env.ts'
import {
  type DiaryName,
  getDiaries,
  listDiaryNames,
  readOn,
  type UnreadMessage,
  writeDiaries,
} from '../../store/ledger/drift.ts'

/** Events that one run looks at; the next comes in a minute. More than 500 a minute are caught up with later. */
const MAX_A_RUN = 500

/** What came a moment ago may still be on its way into the log. What comes later from the spill queue is not noted. */
const BEHIND_MS = 2 * 60_000

/** Runs once. Safe to run twice, or beside itself: each event is noted once. `now` in epoch milliseconds. */
export async function keepDiary(env: Pick<Env, 'DB'>, now: number, log: Log): Promise<void> {
  const page = await readOn(env.DB, now - BEHIND_MS, MAX_A_RUN)
  if (page === undefined) return
  const noted = page.messages.length === 0 ? [] : await noteAll(env.DB, page.messages)
  const isWritten = await writeDiaries(env.DB, noted, page)
  if (isWritten && noted.length > 0) {
    log({ at: 'diary', messages: page.messages.length, diaries: noted.length })
  }
}

/** The diaries that these messages belong to, with them. */
async function noteAll(db: D1Database, messages: readonly UnreadMessage[]) {
  const bySource = sightingsOf(messages, await listDiaryNames(db))
  const groups = [...bySource].flatMap(([source, types]) =>
    [...types].map(([type, sightings]) => ({ source, type, sightings })),
  )
  const known = await getDiaries(db, groups)
  return groups.map(({ source, type, sightings }) => {
    const own = known.find((one) => one.source === source && one.type === type)
    return { source, type, diary: addSamples(own?.diary, sightings) }
  })
}

/** What there is to note, by source and by type. */
function sightingsOf(messages: readonly UnreadMessage[], names: readonly DiaryName[]) {
  const bySource = new Map<string, Map<string, ShapeSample[]>>()
  for (const { source, vendorType, raw, at } of messages) {
    const message = readObject(raw)
    if (message === undefined) continue
    const types = bySource.get(source) ?? new Map<string, ShapeSample[]>()
    bySource.set(source, types)
    const known = names.filter((name) => name.source === source).map(({ type }) => type)
    const type = reportTypeFor(vendorType, new Set([...known, ...types.keys()]))
    const sightings = types.get(type) ?? []
    types.set(type, sightings)
    sightings.push({ shape: shapeOf(message), at })
  }
  return bySource
}

/** A message as an object, whatever its depth; numbers may lose digits, as nobody asks for them here. */
function readObject(raw: string) {
  try {
    const value: unknown = JSON.parse(raw)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
