// Queue operations and written rows stay within a multiple of what they cost in fair weather: no floods.
import { wants } from '../world/config.ts'
import { MINUTE, type Scene } from './scene.ts'

/** What a delivery costs in fair weather: a message is written, read and deleted. */
const OPERATIONS = 3
/** The rows of an event and of each of its deliveries (docs/guarantees.md, "Limits"). */
const ROWS = 3

/** How many times that an event may cost in bad weather: its ten attempts, each twice. */
const MULTIPLE = 20

/** How often they are counted. */
const EVERY_MS = 10 * MINUTE

/** A waiting delivery may wake up twice a minute. */
const WAKE_UPS = 20

/** What that time costs without any event: the cron. */
const IDLE = { operations: 1000, rows: 10_000 }

/** The deliveries that wait; in parts, as each has an index. */
const WAITING = `SELECT (SELECT count(*) FROM deliveries WHERE state IN ('pending', 'retrying')) +
  (SELECT count(*) FROM deliveries WHERE state = 'held') AS n`

export class Floods {
  private operations = 0
  private rows = 0
  private events = 0
  private waiting = 0
  private readonly scene: Scene

  constructor(scene: Scene) {
    this.scene = scene
  }

  /** Checks again and again. */
  start(): void {
    this.scene.clock.after(EVERY_MS, () => {
      this.check()
      this.start()
    })
  }

  /** Compares the last minutes with what it may cost. */
  private check(): void {
    const { relay, senders, schedule, journal } = this.scene
    const operations = [...relay.queues.values()].reduce((sum, queue) => sum + queue.operations, 0)
    const rows = relay.database.changes
    const events = senders.all.length
    const { n: waiting = 0 } = relay.database.read<{ n: number }>(WAITING)[0] ?? {}
    const spilled = relay.queue('-spill').backlog
    const targets =
      schedule.targets.filter((name) => wants(name, 'membership.status_changed')).length + 2
    const units = (events - this.events) * targets + Math.max(waiting, this.waiting)
    const most = {
      operations: IDLE.operations + (MULTIPLE + WAKE_UPS) * OPERATIONS * (units + spilled),
      rows: IDLE.rows + (MULTIPLE + WAKE_UPS) * ROWS * (units + spilled),
    }
    const spent = { operations: operations - this.operations, rows: rows - this.rows }
    const what = `for ${events - this.events} events and ${Math.max(waiting, this.waiting)} waiting deliveries`
    if (spent.operations > most.operations) {
      journal.violate('floods', `${spent.operations} queue operations in ten minutes ${what}`)
    }
    if (spent.rows > most.rows)
      journal.violate('floods', `${spent.rows} rows written in ten minutes ${what}`)
    Object.assign(this, { operations, rows, events, waiting })
  }
}
