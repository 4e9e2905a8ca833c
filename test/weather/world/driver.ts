// What happens by the clock: the messages of a day, and the cron.
import type { Clock, Timer } from '../machine/clock.ts'
import { Random } from '../machine/random.ts'
import type { Relay } from '../machine/relay.ts'
import type { Sky } from '../machine/sky.ts'
import type { ExtraSend, Schedule } from '../sky/schedule.ts'
import { dayOf, hapanaMessage } from './lives.ts'
import type { Senders } from './senders.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * The pause between two runs of the cron grows to this, in minutes, while D1, a queue or the cron is in trouble. Less than
 * the ten minutes after which a cron counts as silent.
 */
const LONGEST_GAP = 9

/**
 * In fair weather, the minutes of an hour in which the cron runs while something waits, or nothing does. The last one is shortly
 * before everything is checked; none of them is one in which issues are told, as the cron would be one.
 */
const WHILE_WAITING = [17, 37, 57]
const QUIET = [57]

// In parts, as each has an index.
const WAITING = `SELECT * FROM (SELECT 1 FROM deliveries WHERE state IN ('pending', 'retrying') LIMIT 1)
  UNION ALL SELECT * FROM (SELECT 1 FROM deliveries WHERE state = 'held' LIMIT 1)`

/** The share of messages that are sent in a list with those that follow within a minute. */
const LISTED = 0.05

type Parts = {
  clock: Clock
  start: number
  relay: Relay
  senders: Senders
  schedule: Schedule
  sky: Sky
}

export class Driver {
  ticks = 0
  lastTickAt: number
  private gap = 1
  private seen = ''
  private next: Timer | undefined
  private readonly parts: Parts

  constructor(parts: Parts) {
    this.parts = parts
    const { clock, start, schedule } = parts
    this.lastTickAt = start
    for (const send of schedule.sends ?? []) clock.at(start + send.at, () => this.sendExtra(send))
    this.startDay(0)
    this.next = clock.at(start + 1000, () => this.tick())
  }

  /** The number of days on which messages are sent. */
  static sendingDays({ days, fairDays }: Schedule): number {
    return Math.max(1, days - Math.max(1, fairDays - 1))
  }

  private startDay(day: number): void {
    const { clock, start, senders, schedule } = this.parts
    if (day >= Driver.sendingDays(schedule)) return
    const midnight = start + day * DAY
    for (let person = 0; person < schedule.people; person++) {
      const random = new Random(schedule.seed, 'list', person, day)
      const messages = dayOf(schedule.seed, person, midnight, schedule.perDay)
      for (let i = 0; i < messages.length; i++) {
        const [message, next] = [messages[i], messages[i + 1]]
        if (message === undefined) continue
        const isListed = next !== undefined && random.chance(LISTED) && next.event === message.event
        if (isListed) i++
        const list = isListed ? [message, next] : [message]
        clock.at((list.at(-1) ?? message).at, () => senders.send(list))
      }
    }
    clock.at(midnight + DAY, () => this.startDay(day + 1))
  }

  private sendExtra({ at, person, kind, list = 1 }: ExtraSend): void {
    const { start, senders, schedule } = this.parts
    const messages = Array.from({ length: list }, (_, i) => {
      const random = new Random(schedule.seed, 'extra', person, at, i)
      return hapanaMessage(list === 1 ? person : person + i, start + at, kind, random)
    })
    senders.send(messages)
  }

  /** Each minute, and less often while nothing happens. */
  private tick(): void {
    const { clock, relay, sky } = this.parts
    const now = this.stateNow()
    this.gap = now === this.seen ? Math.min(this.gap * 3, LONGEST_GAP) : 1
    this.seen = now
    this.next = clock.at(this.nextAt(), () => this.tick())
    if (sky.isCronSilent) return
    this.ticks++
    void relay.tick().then(() => {
      this.lastTickAt = clock.now
    })
  }

  /** Something happens: the next run is in a minute. */
  wake(): void {
    const { clock } = this.parts
    this.gap = 1
    if (this.next === undefined || this.next.time <= clock.now + MINUTE) return
    clock.cancel(this.next)
    this.next = clock.after(MINUTE, () => this.tick())
  }

  private nextAt(): number {
    const { clock, sky } = this.parts
    const { now } = clock
    const isTrouble = sky.d1 !== undefined || sky.queues.size > 0 || sky.isCronSilent
    if (this.gap < LONGEST_GAP || isTrouble) return now + this.gap * MINUTE
    const minutes = this.isAnythingWaiting() ? WHILE_WAITING : QUIET
    const hour = Math.floor(now / HOUR) * HOUR
    const times = [...minutes, 60 + (minutes[0] ?? 0)].map((minute) => hour + minute * MINUTE)
    return times.find((time) => time > now) ?? now + HOUR
  }

  private isAnythingWaiting(): boolean {
    const { relay } = this.parts
    if ([...relay.queues.values()].some(({ backlog }) => backlog > 0)) return true
    return relay.database.read(WAITING).length > 0
  }

  /** What changes while anything goes on. */
  private stateNow(): string {
    const { relay, senders } = this.parts
    const operations = [...relay.queues.values()].map((queue) => queue.operations)
    return [senders.requests, ...operations].join(' ')
  }
}
