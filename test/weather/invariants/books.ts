// The ledger equals the log, and the parts of the cron do their work.
import { TOKEN } from '../world/config.ts'
import { HOUR, MINUTE, type Past, type Scene } from './scene.ts'

type Differences = { differences: unknown[]; next: string | null }

export class Books {
  private readonly scene: Scene
  private readonly past: Past

  constructor(scene: Scene, past: Past) {
    this.scene = scene
    this.past = past
  }

  /** Compares the ledger with the log, over all time. */
  async check(): Promise<void> {
    const { relay, journal, start } = this.scene
    let since = new Date(start - HOUR).toISOString()
    for (let pages = 0; pages < 200; pages++) {
      const url = `https://relay.example.com/api/ledger/differences?since=${encodeURIComponent(since)}`
      const request = new Request(url, { headers: { authorization: `Bearer ${TOKEN}` } })
      const response = await relay.request(request)
      if (response?.status !== 200) {
        const why = response === undefined ? 'cut' : `${response.status} ${await response.text()}`
        return journal.violate('books', `the ledger cannot be verified: ${why.slice(0, 200)}`)
      }
      const { differences, next } = (await response.json()) as Differences
      if (differences.length > 0) {
        journal.violate('books', `the ledger is not the log: ${JSON.stringify(differences[0])}`)
      }
      if (next === null) return
      since = next
    }
  }

  /** The figures are those of the last minutes, whatever a queue or a receiver does. */
  checkCron(): void {
    const { relay, clock, journal, driver } = this.scene
    const since = this.past.fairSince([
      'd1',
      'full',
      'cuts',
      'no-cron',
      'schema',
      'deploy',
      'config',
      'time-travel',
    ])
    if (since === undefined || clock.now - since < HOUR || driver.ticks < 60) return
    const [row] = relay.database.read<{ as_of: number }>('SELECT as_of FROM snapshot')
    // They are written when something has changed.
    const { lastChangeAt } = this.scene.senders
    const asOf = row?.as_of ?? 0
    if (asOf >= lastChangeAt || clock.now - lastChangeAt < 20 * MINUTE) return
    const minutes = Math.round((clock.now - lastChangeAt) / MINUTE)
    journal.violate(
      'cron',
      `what was received ${minutes} minutes ago is not in the figures: a part of the cron holds up the others`,
    )
  }
}
