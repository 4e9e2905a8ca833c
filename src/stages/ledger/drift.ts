// cron → the shapes of the latest messages are added to the drift reports of their source and type. It reads the log, so
// an event costs the accept path nothing, and quarantined messages are part of it: there drift shows first.

import { shapeOf } from '../../core/events/shape.ts'
import { isObject } from '../../core/intake/json.ts'
import { addSamples, reportTypeFor, type ShapeSample } from '../../core/ledger/drift.ts'
import type { Tools } from '../../env.ts'
import type { PackEnv } from '../../store/events/packs/packs.ts'
import {
  type DriftReportKey,
  getDriftReports,
  listDriftReportKeys,
  readUnreadMessages,
  type UnreadMessage,
  writeDriftReports,
} from '../../store/ledger/drift.ts'

/** Events of one run; the next comes in a minute. A backlog of more than 500 a minute is worked off later. */
const MAX_A_RUN = 500

/** The age from which events are read: younger ones may still be on their way. Late ones from the spill queue are left out. */
const MIN_AGE_MS = 2 * 60_000

/** Runs once. Safe to run twice, or beside itself: each event is added once. */
export async function updateDriftReports(env: PackEnv, { now, log }: Tools): Promise<void> {
  const page = await readUnreadMessages(env, now() - MIN_AGE_MS, MAX_A_RUN)
  if (page === undefined) return
  const reports = page.messages.length === 0 ? [] : await reportsWith(env.DB, page.messages)
  const isWritten = await writeDriftReports(env.DB, reports, page)
  if (isWritten && reports.length > 0) {
    log({ at: 'drift', messages: page.messages.length, reports: reports.length })
  }
}

/** The reports of some messages, with these added. */
async function reportsWith(db: D1Database, messages: readonly UnreadMessage[]) {
  const bySource = samplesOf(messages, await listDriftReportKeys(db))
  const groups = [...bySource].flatMap(([source, types]) =>
    [...types].map(([type, samples]) => ({ source, type, samples })),
  )
  const known = await getDriftReports(db, groups)
  return groups.map(({ source, type, samples }) => {
    const own = known.find((one) => one.source === source && one.type === type)
    return { source, type, report: addSamples(own?.report, samples) }
  })
}

/** The shapes of messages, by source and by type. */
function samplesOf(messages: readonly UnreadMessage[], keys: readonly DriftReportKey[]) {
  const bySource = new Map<string, Map<string, ShapeSample[]>>()
  for (const { source, vendorType, raw, at } of messages) {
    const message = readObject(raw)
    if (message === undefined) continue
    const types = bySource.get(source) ?? new Map<string, ShapeSample[]>()
    bySource.set(source, types)
    const known = keys.filter((key) => key.source === source).map(({ type }) => type)
    const type = reportTypeFor(vendorType, new Set([...known, ...types.keys()]))
    const samples = types.get(type) ?? []
    types.set(type, samples)
    samples.push({ shape: shapeOf(message), at })
  }
  return bySource
}

/** A message as an object, whatever its depth; numbers may lose digits, which a shape does not need. */
function readObject(raw: string) {
  try {
    const value: unknown = JSON.parse(raw)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
