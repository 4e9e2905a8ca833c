// What receivers see: order, Retry-After, rates, copies, and whether a breaker was right to open.

import { targetConfig } from '../world/config.ts'
import type { Delivered } from '../world/receivers.ts'
import {
  DAY,
  HOUR,
  LOSING,
  MINUTE,
  type Past,
  RELAY_WEATHER,
  type Scene,
  type Tracked,
} from './scene.ts'

/** Requests that were on their way when a target asked for rest: those of a batch. */
const IN_FLIGHT_MS = 60_000

/** In how many seconds the requests of a target with a rate are counted, and how many more may be on their way together. */
const RATE_SECONDS = 10
const RATE_SLACK = 2

/** The requests of a target that are remembered. */
const REMEMBERED = 400

type Success = { at: number; attempt: number }
type TargetState = { state?: string }

/** What an ordered target got, and when. */
type Arrived = { event: Tracked; skipped: string[]; at: number }

/** How long an ordered delivery waits for what may be in the spill queue (docs/guarantees.md, "Order"). */
const LONGEST_WAIT_MS = HOUR

export class Requests {
  private readonly successes = new Map<string, Success>()
  private readonly tried = new Set<string>()
  /** First attempts that were made twice: a queue gave their message to two isolates at once (docs/guarantees.md). */
  private readonly twice = new Set<string>()
  private readonly recent = new Map<string, Delivered[]>()
  /** By ordered target and contact: what arrived, in the order of its arrival. */
  private readonly arrived = new Map<string, Arrived[]>()
  private readonly scene: Scene
  private readonly past: Past
  private readonly eventOf: (id: string) => Tracked | undefined

  constructor(scene: Scene, past: Past, eventOf: (id: string) => Tracked | undefined) {
    this.scene = scene
    this.past = past
    this.eventOf = eventOf
  }

  add(request: Delivered): void {
    const { target, event } = request
    const key = `${event} ${target}`
    if (request.attempt === 1 && this.tried.has(key)) this.twice.add(key)
    this.tried.add(key)
    this.checkRest(request)
    const recent = this.recent.get(target) ?? []
    recent.push(request)
    if (recent.length > REMEMBERED) recent.shift()
    this.recent.set(target, recent)
    this.checkRate(request, recent)
    if (request.isSuccess) this.succeeded(key, request)
    if (request.type === 'relay.target_backing_off') this.checkBreaker(request)
  }

  private succeeded(key: string, request: Delivered): void {
    const before = this.successes.get(key)
    const { at, attempt } = request
    if (before === undefined) {
      this.successes.set(key, { at, attempt })
      if (this.isOrdered(request.target) && !request.isReplay) this.checkOrder(request)
    } else {
      if (!request.isReplay) this.checkCopy(before, request)
      this.successes.set(key, { at, attempt })
    }
  }

  /** A copy is sent only when an answer or a record was lost. */
  private checkCopy(before: Success, { event, target, at, attempt }: Delivered): void {
    const { past, scene } = this
    const from = before.at - MINUTE
    const isLost = past.was(LOSING, from, at) || past.wasCut(from, at)
    const isTwice = this.twice.has(`${event} ${target}`)
    if (isLost || isTwice || (scene.schedule.skewMs ?? 0) > 1000) return
    const minutes = Math.round((at - before.at) / MINUTE)
    this.violate(
      'copies',
      `${event} arrived at ${target} again after ${minutes} min (attempt ${attempt} after ${before.attempt})`,
      event,
    )
  }

  /** An ordered target gets what happened to a person in its order, or is told what it will get later or never. */
  private checkOrder({ target, event: id, skipped, at, isOutOfOrder }: Delivered): void {
    const event = this.eventOf(id)
    if (event === undefined) return
    const key = `${target} ${event.sending.contact}`
    const list = this.arrived.get(key) ?? []
    this.arrived.set(key, list)
    for (const later of list) {
      if (later.event.beganAt <= event.acceptedAt || later.skipped.includes(id)) continue
      const hasWaited = later.at - later.event.acceptedAt >= LONGEST_WAIT_MS
      if (hasWaited && isOutOfOrder) continue
      this.violate(
        'order',
        `${target} got message ${later.event.sending.n} (${later.event.type}) of ${event.sending.contact} before message ${event.sending.n} (${event.type}), which was accepted earlier`,
        id,
      )
    }
    list.push({ event, skipped, at })
    if (list.length > 50) list.shift()
  }

  /** Retry-After rests the target, for every delivery. */
  private checkRest({ target, at, event, isReplay }: Delivered): void {
    const { receivers, schedule } = this.scene
    const rest = receivers.restUntil.get(target)
    if (rest === undefined || isReplay) return
    const { askedAt, until } = rest
    const slack = 1500 + 2 * (schedule.skewMs ?? 0)
    if (at <= askedAt + IN_FLIGHT_MS + slack || at >= until - slack) return
    if (this.past.was(LOSING, askedAt - MINUTE, at) || this.past.wasCut(askedAt - MINUTE, at))
      return
    const minutes = Math.round((until - at) / MINUTE)
    this.violate(
      'retry-after',
      `${target} asked to be left alone, and got a request ${minutes} min too early`,
      event,
    )
  }

  /** A target gets no more requests than its rate. Only after an outage batches may not know of each other's. */
  private checkRate({ target, at, event }: Delivered, recent: readonly Delivered[]): void {
    const { rate_per_second: rate } = targetConfig(target)
    if (rate === undefined) return
    const from = at - RATE_SECONDS * 1000
    const count = recent.filter((request) => request.at > from).length
    if (count <= rate * RATE_SECONDS + RATE_SLACK) return
    if (this.past.was([...RELAY_WEATHER, 'receiver'], at - HOUR, at, target)) return
    this.violate(
      'rate',
      `${target} got ${count} requests in ${RATE_SECONDS} s, at ${rate} a second`,
      event,
    )
  }

  /** A breaker opens for failures in a row: not where successes are between them. */
  private checkBreaker({ body, at }: Delivered): void {
    const target = /"data":\{"target":"([a-z-]+)"/.exec(body)?.[1] ?? ''
    const reportedAt = Date.parse(/"time":"([^"]+)"/.exec(body)?.[1] ?? '') || at
    const last = (this.recent.get(target) ?? [])
      .filter(({ endsAt }) => endsAt <= reportedAt)
      .sort((one, other) => one.endsAt - other.endsAt)
      .slice(-10)
    const good = last.filter(({ isSuccess }) => isSuccess).length
    const longest = longestRun(last.map(({ isSuccess }) => !isSuccess))
    // Responses of the same moment may be recorded in another order.
    if (last.length < 10 || good < 4 || longest > 2) return
    if (this.past.was(LOSING, (last[0]?.at ?? 0) - MINUTE, at)) return
    this.violate(
      'breaker',
      `${target} is backed off, although ${good} of its last 10 responses were good, with at most ${longest} failures in a row`,
      target,
    )
  }

  /** A target is given up for failures on each of several days: those before its last request. */
  checkGivenUp(): void {
    for (const target of this.scene.schedule.targets) {
      if (this.stateOf(target).state !== 'failing') continue
      const recent = this.recent.get(target) ?? []
      const last = recent.filter(({ at }) => at > this.lastAt(target) - 6 * DAY)
      const days = new Set(
        last.filter(({ isSuccess }) => !isSuccess).map(({ at }) => Math.floor(at / DAY)),
      )
      if (last.length >= REMEMBERED || days.size >= 3) continue
      this.violate(
        'breaker',
        `${target} is given up, and it failed on ${days.size} of its last 6 days`,
        target,
      )
    }
  }

  hasSucceeded(event: string, target: string): boolean {
    return this.successes.has(`${event} ${target}`)
  }

  wasTried(event: string, target: string): boolean {
    return this.tried.has(`${event} ${target}`)
  }

  isOrdered(target: string): boolean {
    return targetConfig(target).ordered === true
  }

  /** What the relay thinks of a target. */
  stateOf(target: string): TargetState {
    const rows = this.scene.relay.database.read<{ state: string }>(
      'SELECT state FROM targets WHERE name = ?1',
      target,
    )
    const state = rows[0]?.state
    return state === undefined ? {} : { state: state === 'open' ? 'backing_off' : state }
  }

  /** Whether a target gets nothing until its operator resumes it. */
  mustWaitForOperator(target: string): boolean {
    return ['failing', 'gone', 'paused'].includes(this.stateOf(target).state ?? '')
  }

  private violate(invariant: string, text: string, about: string): void {
    const event = this.eventOf(about)
    this.scene.journal.violate(invariant, text, event ? `message ${event.sending.n}` : about)
  }

  /** The time of the last request of a target, for what is told of it. */
  lastAt(target: string): number {
    return this.recent.get(target)?.at(-1)?.at ?? -HOUR
  }
}

/** The length of the longest run of true. */
function longestRun(values: readonly boolean[]): number {
  let longest = 0
  let run = 0
  for (const value of values) {
    run = value ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return longest
}
