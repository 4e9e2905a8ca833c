// Every delivery that is owed is delivered, held with a reason that is true, or ended with one that an operator saw; and a
// receiver that would take it gets it soon after the weather is fair.
import type { Fault } from '../sky/schedule.ts'
import { wants } from '../world/config.ts'
import type { Packs } from './packs.ts'
import type { Requests } from './requests.ts'
import { DAY, HOUR, MINUTE, type Past, RELAY_WEATHER, type Scene, type Tracked } from './scene.ts'

type Row = {
  target: string
  state: string
  reason: string | null
  attempt: number
  due: number | null
}

/** How soon a receiver that takes everything gets a delivery that was never tried, in fair weather. */
const SOON_MS = 3 * HOUR

/** How long a target may be unknown before its deliveries may end. */
const UNKNOWN_MS = DAY - 10 * MINUTE

const ENDED = ['delivered', 'dead', 'cancelled']

export class Owed {
  private readonly open = new Set<Tracked>()
  private readonly scene: Scene
  private readonly past: Past
  private readonly requests: Requests
  private readonly packs: Packs
  /** When dead deliveries were first seen. */
  readonly deadSince: number[] = []

  constructor(scene: Scene, past: Past, requests: Requests, packs: Packs) {
    this.packs = packs
    this.scene = scene
    this.past = past
    this.requests = requests
  }

  /** An event that is in the log. */
  add(event: Tracked): void {
    const { schedule } = this.scene
    for (const target of schedule.targets) {
      if (wants(target, event.type) && this.isKnown(target, event)) event.open.add(target)
    }
    if (event.open.size > 0) this.open.add(event)
  }

  /** Whether a target was configured all the time from the sending of an event to its record. */
  private isKnown(target: string, { beganAt, seenAt }: Tracked): boolean {
    const isAbsent = ({ kind, how, on }: Fault) =>
      kind === 'config' && on === target && (how === 'removed' || how === 'renamed')
    return !this.past.during(beganAt - 5 * MINUTE, seenAt).some(({ fault }) => isAbsent(fault))
  }

  /** Looks at all deliveries that have not ended. */
  check(): void {
    for (const event of this.open) {
      const rows = this.rowsOf(event)
      for (const target of event.open) this.checkOne(event, target, rows)
      if (event.open.size === 0) this.open.delete(event)
    }
  }

  private rowsOf({ key }: Tracked): Row[] {
    const rows = this.scene.relay.database.read<Row>(
      'SELECT target, state, reason, attempt, due FROM deliveries WHERE event = CAST(?1 AS INTEGER)',
      key,
    )
    if (rows.length > 0) return rows
    const packed = this.packs.find(key)?.deliveries ?? []
    return packed.map(({ reason = null, due = null, ...row }) => ({ ...row, reason, due }))
  }

  private checkOne(event: Tracked, target: string, rows: readonly Row[]): void {
    const { clock } = this.scene
    const row = rows.find((one) => one.target === target)
    if (row === undefined) {
      if (clock.now - event.seenAt < HOUR) return
      event.open.delete(target)
      this.violate(event, target, 'has no delivery, although it is configured and wants it')
      return
    }
    if (ENDED.includes(row.state)) {
      event.open.delete(target)
      this.checkEnd(event, row)
      return
    }
    if (row.state === 'held') this.checkReason(event, row)
    this.checkDelay(event, row)
  }

  private checkEnd(event: Tracked, { target, state, reason }: Row): void {
    if (state === 'delivered' && !this.requests.hasSucceeded(event.id, target)) {
      this.violate(event, target, 'is recorded as delivered, and never arrived')
    }
    if (state === 'cancelled' && /configur|unknown/.test(reason ?? '')) {
      const absence = this.past.longest('config', target)
      if (absence < UNKNOWN_MS) this.violate(event, target, `was cancelled: "${reason}"`)
    }
    if (state !== 'dead') return
    this.deadSince.push(this.scene.clock.now)
    const { n = 0 } =
      this.scene.relay.database.read<{ n: number }>(
        `SELECT count(*) AS n FROM events WHERE type = 'relay.delivery_dead' AND instr(event, ?1) > 0`,
        event.id,
      )[0] ?? {}
    const isLost = this.past.was(
      ['d1', 'full', 'cuts', 'schema', 'time-travel'],
      event.beganAt,
      this.scene.clock.now,
    )
    if (n === 0 && !isLost) this.violate(event, target, 'is dead, and no event says so')
  }

  /** A reason to hold is that of the present. */
  private checkReason(event: Tracked, { target, reason }: Row): void {
    if (!this.isFair(target, 2 * HOUR)) return
    const { state = 'active' } = this.requests.stateOf(target)
    const isOfTarget = ['backing_off', 'failing', 'gone', 'paused'].includes(reason ?? '')
    if (isOfTarget && state !== reason && state === 'active') {
      this.violate(event, target, `is held as "${reason}", and the target is ${state}`)
    }
    // That of a target that its operator stopped stays: it was not asked yet whether it wants the event.
    if (reason === 'broken' && !this.requests.mustWaitForOperator(target)) {
      this.violate(
        event,
        target,
        'is held as "broken", and nothing is wrong with the configuration',
      )
    }
  }

  /** Whether the relay and a receiver have had no bad weather for some time. */
  private isFair(target: string, ms: number): boolean {
    const relay = this.past.fairSince(RELAY_WEATHER)
    const receiver = this.past.fairSince(['receiver'], target)
    if (relay === undefined || receiver === undefined) return false
    return this.scene.clock.now - Math.max(relay, receiver) >= ms
  }

  private checkDelay(event: Tracked, row: Row): void {
    const { clock, receivers } = this.scene
    const { target } = row
    const late = row.due === null ? 0 : clock.now - row.due
    const isDue = row.state === 'pending' || row.state === 'retrying'
    if (isDue && late > HOUR && this.isFair(target, 2 * HOUR)) {
      this.violate(event, target, `is ${row.state} and overdue in fair weather`)
      return
    }
    if (!this.isFair(target, SOON_MS) || clock.now - event.seenAt < SOON_MS) return
    if (this.requests.wasTried(event.id, target)) return
    if (!receivers.wouldTake(target, event.type, event.sending.body.length)) return
    if (this.requests.mustWaitForOperator(target) || this.waitsForAnother(event, target)) return
    event.open.delete(target)
    this.violate(
      event,
      target,
      `was never tried, although the target would take it (${row.state}${row.reason ? `: ${row.reason}` : ''})`,
    )
  }

  /** Whether an earlier event of the contact is open at an ordered target. */
  private waitsForAnother(event: Tracked, target: string): boolean {
    if (!this.requests.isOrdered(target)) return false
    return [...this.open].some(
      (other) =>
        other !== event &&
        other.sending.contact === event.sending.contact &&
        other.beganAt < event.acceptedAt &&
        other.open.has(target),
    )
  }

  private violate(event: Tracked, target: string, what: string): void {
    const { n } = event.sending
    this.scene.journal.violate(
      'owed',
      `the delivery of message ${n} (${event.type}) to ${target} ${what}`,
      `message ${n}`,
    )
  }

  /** What is gone with Time Travel is owed no longer. */
  travel(present: ReadonlyMap<string, Tracked>): void {
    for (const event of this.open) if (!present.has(event.id)) this.open.delete(event)
  }

  /** At the end, after fair days, nothing is left but what waits for an operator. */
  checkEndOfAll(): void {
    this.check()
    for (const event of this.open) {
      for (const row of this.rowsOf(event)) {
        if (!event.open.has(row.target) || this.requests.mustWaitForOperator(row.target)) continue
        if (!this.isFair(row.target, 4 * DAY) || this.scene.clock.now - event.seenAt < 4 * DAY)
          continue
        this.violate(
          event,
          row.target,
          `has not ended (${row.state}${row.reason ? `: ${row.reason}` : ''})`,
        )
      }
    }
  }
}
