// Checks all that is promised: at every request, at every hour, and at the end.
import type { Fault } from '../sky/schedule.ts'
import { TOKEN } from '../world/config.ts'
import type { Delivered } from '../world/receivers.ts'
import type { Sending } from '../world/senders.ts'
import { Books } from './books.ts'
import { Floods } from './floods.ts'
import { Kept } from './kept.ts'
import { Owed } from './owed.ts'
import { Packs } from './packs.ts'
import { Requests } from './requests.ts'
import { DAY, HOUR, Past, RELAY_WEATHER, type Scene } from './scene.ts'
import { Told } from './told.ts'

export class Inspector {
  private readonly scene: Scene
  private readonly past: Past
  private readonly kept: Kept
  private readonly owed: Owed
  private readonly requests: Requests
  private readonly floods: Floods
  private readonly told: Told
  private readonly books: Books
  /** The checks under way, which take simulated time. */
  running: Promise<void> = Promise.resolve()

  constructor(scene: Scene) {
    this.scene = scene
    this.past = new Past(scene.clock)
    this.requests = new Requests(scene, this.past, (id) => this.kept.find(id))
    const packs = new Packs(scene.relay)
    this.owed = new Owed(scene, this.past, this.requests, packs)
    this.kept = new Kept(scene, packs, (event) => this.owed.add(event))
    this.floods = new Floods(scene)
    this.floods.start()
    this.told = new Told(scene, this.past, this.owed)
    this.books = new Books(scene, this.past)
    const { clock, start, schedule } = scene
    for (let hour = 1; hour <= schedule.days * 24; hour++) {
      clock.at(start + hour * HOUR, () => {
        this.running = this.running.then(() => this.everyHour(hour))
      })
    }
    clock.at(start + (schedule.days - schedule.fairDays) * DAY + 2 * HOUR, () => void this.resume())
  }

  private async everyHour(hour: number): Promise<void> {
    this.kept.check()
    this.owed.check()
    this.requests.checkGivenUp()
    this.books.checkCron()
    await this.told.check()
    if (hour % 168 === 0 && this.isFair()) await this.books.check()
  }

  private isFair(): boolean {
    const since = this.past.fairSince(RELAY_WEATHER)
    return since !== undefined && this.scene.clock.now - since > 2 * HOUR
  }

  /** What an operator does when all is over: resumes the targets that were given up. */
  private async resume(): Promise<void> {
    const { relay, schedule } = this.scene
    for (const target of schedule.targets) {
      if (!this.requests.mustWaitForOperator(target)) continue
      const url = `https://relay.example.com/api/targets/${target}/resume`
      const headers = { authorization: `Bearer ${TOKEN}` }
      await relay.request(new Request(url, { method: 'POST', headers }))
    }
  }

  /** The checks at the end. `run` turns the clock until its argument settles. */
  async atEnd(run: (promise: Promise<void>) => Promise<void>): Promise<void> {
    this.kept.check()
    this.kept.checkLog()
    this.owed.checkEndOfAll()
    await run(this.books.check())
  }

  onRequest(request: Delivered): void {
    this.requests.add(request)
    const event = this.kept.find(request.event)
    const about = event ? `message ${event.sending.n}` : request.target
    this.scene.journal.note(
      `${request.target} ← ${request.type || request.event}, attempt ${request.attempt}: ${request.status}`,
      about,
    )
  }

  onAnswer(sending: Sending, status: number | string): void {
    const { n, source, event, contact } = sending
    this.scene.journal.note(
      `message ${n} of ${contact} (${event ?? source}) → ${status}`,
      `message ${n}`,
    )
  }

  onAccepted(sending: Sending): void {
    this.kept.accepted(sending)
    const { n, receipt } = sending
    if (receipt?.status === 'queued')
      this.scene.journal.note(`message ${n} is in the spill queue`, `message ${n}`)
  }

  onCut(): void {
    this.past.cut()
  }

  onWeather(fault: Fault, what: 'before' | 'begins' | 'ends'): void {
    if (what === 'before') {
      this.kept.beforeTravel()
      return
    }
    if (what === 'ends') {
      this.past.end(fault)
      return
    }
    this.past.begin(fault)
    if (fault.kind !== 'time-travel') return
    this.kept.travel()
    this.owed.travel(this.kept.events)
  }
}
