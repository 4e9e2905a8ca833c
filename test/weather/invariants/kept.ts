// Every 202 is in the log with its bytes, or in a place from which it will come.
import { gunzipSync } from 'node:zlib'
import type { Sending } from '../world/senders.ts'
import { bodyOf } from './bodies.ts'
import type { Packs } from './packs.ts'
import {
  DAY,
  firstKeyAt,
  HOUR,
  idOf,
  keyOf,
  MINUTE,
  type Scene,
  type Tracked,
  timeOfKey,
} from './scene.ts'

type Row = { key: string; status: string; matched: string | null; type: string }

/** How long equal messages count as one (docs/guarantees.md), and some time for their ways. */
const SAME_WITHIN_MS = 5 * MINUTE + 5000

/** How long bytes are kept whatever is full, unless it is configured: RAW_RETENTION_MIN_DAYS. */
const RAW_KEPT_MS = 7 * DAY

/** The ids of events in queue messages and objects, and the name of each id. */
const idsIn = new WeakMap<object, string[]>()
const ID = /evt_[0-7][0-9a-hjkmnp-tv-z]{10}/g

export class Kept {
  /** Messages with a 202 that are not in the log yet. */
  private readonly waiting = new Map<string, Sending>()
  /** The log's events that are known, by id. */
  readonly events = new Map<string, Tracked>()
  /** The ids that are in the log only until Time Travel: it may take them. */
  private readonly scene: Scene
  private readonly packs: Packs
  private readonly onEvent: (event: Tracked) => void

  constructor(scene: Scene, packs: Packs, onEvent: (event: Tracked) => void) {
    this.scene = scene
    this.packs = packs
    this.onEvent = onEvent
  }

  accepted(sending: Sending): void {
    const { n, receipt } = sending
    // The receipt of a repeat has the id of its first copy.
    const isOwn = receipt?.status !== 'duplicate'
    this.waiting.set(isOwn ? (receipt?.id ?? '') : `repeat ${n}`, sending)
  }

  /** Looks for the messages that are not in the log yet. */
  check(): void {
    for (const queue of this.scene.relay.queues.values()) queue.sweep()
    let coming: Set<string> | undefined
    for (const [id, sending] of this.waiting) {
      if (this.look(id, sending)) continue
      coming ??= this.idsOnTheirWay()
      if (coming.has(id)) continue
      this.waiting.delete(id)
      this.lost(sending)
    }
  }

  private look(id: string, sending: Sending): boolean {
    const row = this.rowOf(sending)
    if (row === undefined) return false
    this.waiting.delete(id)
    this.found(sending, row)
    return true
  }

  /** An event, where it is in the log. */
  find(id: string): Tracked | undefined {
    const sending = this.waiting.get(id)
    if (sending !== undefined) this.look(id, sending)
    return this.events.get(id)
  }

  private rowOf(sending: Sending): Row | undefined {
    const { relay, schedule } = this.scene
    const slack = 2000 + 2 * (schedule.skewMs ?? 0)
    const { beganAt = 0, acceptedAt = 0, body } = sending
    const rows = relay.database.read<Row>(
      `SELECT CAST(key AS TEXT) AS key, status, CAST(matched AS TEXT) AS matched, type FROM events
       WHERE key BETWEEN CAST(?1 AS INTEGER) AND CAST(?2 AS INTEGER) AND (raw = ?3 OR raw IS NULL)`,
      firstKeyAt(beganAt - slack),
      firstKeyAt(acceptedAt + slack),
      body,
    )
    // A large body is not in its row.
    const same = rows.filter(({ key }) => bodyOf(relay, key) === body)
    const own = same.find(({ key }) => idOf(key) === sending.receipt?.id)
    return own ?? same[0] ?? this.packedRowOf(sending, slack)
  }

  private packedRowOf({ beganAt = 0, acceptedAt = 0, body }: Sending, slack: number) {
    const events = this.packs.withBody(body).map(({ id, status, type, match }): Row => {
      const matched = match?.id === undefined ? null : keyOf(match.id)
      return { key: keyOf(id), status, type, matched }
    })
    return events.find(({ key }) => {
      const at = timeOfKey(key)
      return at >= beganAt - slack && at <= acceptedAt + slack
    })
  }

  /** The ids in queues that are consumed, and in the archive. */
  private idsOnTheirWay(): Set<string> {
    const { relay } = this.scene
    const ids: string[][] = []
    for (const queue of relay.queues.values()) {
      if (queue.consumer === undefined) continue
      for (const { body } of queue.messages.keys()) if (isBytes(body)) ids.push(idsOf(body))
    }
    for (const [key, { bytes }] of relay.bucket.objects)
      if (key.startsWith('spill/')) ids.push(idsOf(bytes), key.match(ID) ?? [])
    return new Set(ids.flat())
  }

  private lost(sending: Sending): void {
    const { n, source, event, acceptedAt = 0, receipt } = sending
    const { clock, relay, journal } = this.scene
    const isExpired = [...relay.queues.values()].some((queue) =>
      queue.expired.some(({ body }) => isBytes(body) && idsOf(body).includes(receipt?.id ?? '?')),
    )
    const hours = Math.round((clock.now - acceptedAt) / HOUR)
    journal.violate(
      'kept',
      `message ${n} (${source} ${event ?? ''}) was answered 202 ${receipt?.status}, and ${hours} h later it is in no place` +
        (isExpired ? ': its queue has dropped it' : ''),
      `message ${n}`,
    )
  }

  private found(sending: Sending, row: Row): void {
    const { clock } = this.scene
    if (row.status === 'duplicate') {
      this.checkRepeat(sending, row)
      return
    }
    if (row.status !== 'accepted') return
    const event: Tracked = {
      ...{ id: idOf(row.key), key: row.key, type: row.type, sending, open: new Set() },
      beganAt: sending.beganAt ?? 0,
      acceptedAt: sending.acceptedAt ?? 0,
      seenAt: clock.now,
    }
    this.events.set(event.id, event)
    this.onEvent(event)
  }

  /** A repeat is the same message again, or an equal one within minutes. */
  private checkRepeat(sending: Sending, { key, matched }: Row): void {
    if (matched === null) return
    const between = Math.abs(timeOfKey(key) - timeOfKey(matched))
    const skew = 2 * (this.scene.schedule.skewMs ?? 0)
    const firstTry = (sending.tries[0]?.at ?? 0) - 1000 - skew
    const isOwn = timeOfKey(matched) >= firstTry && timeOfKey(matched) <= timeOfKey(key)
    if (isOwn || between <= SAME_WITHIN_MS + skew) return
    const other = this.events.get(idOf(matched))
    if (other?.sending === sending) return
    const hours = (between / HOUR).toFixed(1)
    this.scene.journal.violate(
      'meaning',
      `message ${sending.n} (${sending.event ?? sending.source}) is a duplicate of message ${other?.sending.n ?? '?'}, which happened ${hours} h apart: nobody gets it`,
      `message ${sending.n}`,
    )
  }

  /** All events of the log that are not there any more are forgotten: Time Travel took them. */
  travel(): void {
    const rows = this.scene.relay.database.read<{ key: string }>(
      'SELECT CAST(key AS TEXT) AS key FROM events',
    )
    const present = new Set(rows.map(({ key }) => key))
    for (const [id, { key }] of this.events)
      if (!present.has(key) && this.packs.find(key) === undefined) this.events.delete(id)
  }

  /** Before Time Travel: what is in the log is counted as such, so that it may go. */
  beforeTravel(): void {
    this.check()
  }

  /** While D1 is full, bytes that are older than they must be kept are deleted early (docs/guarantees.md). */
  private mayBeDeletedEarly(key: string): boolean {
    const { schedule, start } = this.scene
    return schedule.faults.some(
      ({ kind, from, ms }) =>
        kind === 'full' && start + from + ms + MINUTE - timeOfKey(key) > RAW_KEPT_MS,
    )
  }

  /** Whether all events that must still be kept are in the log. */
  checkLog(): void {
    const { relay, journal } = this.scene
    for (const [id, { key, sending }] of this.events) {
      const raw = bodyOf(relay, key)
      const kept = raw === undefined ? this.packs.find(key)?.raw : raw
      if (kept === sending.body) continue
      const isThere = raw !== undefined || this.packs.find(key) !== undefined
      if (isThere && !kept && this.mayBeDeletedEarly(key)) continue
      journal.violate(
        'kept',
        `event ${id} is no longer in the log with its bytes`,
        `message ${sending.n}`,
      )
    }
  }
}

function isBytes(body: unknown): body is ArrayBuffer {
  return body instanceof ArrayBuffer
}

/** The ids in a message or an object, unpacked where it is packed. */
function idsOf(bytes: ArrayBuffer | Uint8Array): string[] {
  const known = idsIn.get(bytes)
  if (known !== undefined) return known
  const buffer =
    bytes instanceof Uint8Array ? Buffer.from(bytes) : Buffer.from(new Uint8Array(bytes))
  const isPacked = buffer[0] === 0x1f && buffer[1] === 0x8b
  const ids = (isPacked ? gunzipSync(buffer) : buffer).toString('utf8').match(ID) ?? []
  idsIn.set(bytes, ids)
  return ids
}
