// While an accepted event or an owed delivery is at risk, `relay status` says so.
import { D1_BYTES } from '../machine/d1.ts'
import { TOKEN } from '../world/config.ts'
import type { Owed } from './owed.ts'
import { HOUR, MINUTE, type Past, type Scene } from './scene.ts'

/** How long `relay status` may take before it counts as having failed, in simulated time. */
const PATIENCE_MS = 60_000

export class Told {
  private readonly scene: Scene
  private readonly past: Past
  private readonly owed: Owed
  private before = new Set<string>()

  constructor(scene: Scene, past: Past, owed: Owed) {
    this.scene = scene
    this.past = past
    this.owed = owed
  }

  /** Asks for the status when something was at risk an hour ago and still is. */
  async check(): Promise<void> {
    const risks = this.risks()
    const lasting = risks.filter((risk) => this.before.has(risk))
    this.before = new Set(risks)
    const [risk] = lasting
    if (risk === undefined) return
    const status = await this.status()
    if (status === 0) this.scene.journal.violate('told', `status says "All is well" while ${risk}`)
  }

  private risks(): string[] {
    const { clock, relay, sky, weather } = this.scene
    const { now } = clock
    const risks: string[] = []
    const isOld = (name: string) =>
      [...relay.queue(name).messages.keys()].some(({ sentAt }) => sentAt < now - HOUR)
    if (isOld('-spill') || isOld('-spill-dead'))
      risks.push('an event has been in the spill queue for over an hour')
    const { n: overdue = 0 } =
      relay.database.read<{ n: number }>(
        `SELECT count(*) AS n FROM deliveries WHERE state IN ('pending', 'retrying') AND due < ?1`,
        now - HOUR,
      )[0] ?? {}
    if (overdue > 0) risks.push('deliveries are overdue by more than an hour')
    if (this.owed.deadSince.some((at) => at > now - 12 * HOUR)) risks.push('deliveries are dead')
    if (relay.database.size() > 0.8 * D1_BYTES) risks.push('the database is more than 80 % full')
    if (sky.isCronSilent && this.past.lasts('no-cron', 20 * MINUTE))
      risks.push('the cron is silent')
    const broken = weather
      .configTroubles()
      .some(({ how }) => !['removed', 'renamed', 'retention'].includes(how))
    if (broken) risks.push('the configuration is broken')
    if (this.past.lasts('schema', 5 * MINUTE)) risks.push('the schema is older than the code')
    return risks
  }

  /** The exit status of `relay status`: 0 when all is well. It runs in this process, and asks the simulated relay. */
  async status(): Promise<number> {
    const { clock, relay } = this.scene
    const { cli } = relay.deployment.tree
    const restore = standIn(
      async (input, init) => {
        const response = await relay.request(new Request(input, init))
        if (response === undefined) throw new TypeError('fetch failed')
        return response
      },
      () => clock.now,
    )
    const late = Promise.withResolvers<number>()
    const timer = clock.after(PATIENCE_MS, () => late.resolve(2))
    try {
      const args = ['--url', 'https://relay.example.com', '--json', 'status']
      return await Promise.race([cli(args).catch(() => 2), late.promise])
    } finally {
      clock.cancel(timer)
      restore()
    }
  }
}

/** Gives the command line another network, clock and output. Returns the function that takes them away. */
function standIn(fetch: typeof globalThis.fetch, now: () => number): () => void {
  const before = { fetch: globalThis.fetch, now: Date.now, log: console.log, error: console.error }
  const token = process.env.RELAY_TOKEN
  const listeners = process.stdout.listeners('error')
  globalThis.fetch = fetch
  Date.now = now
  console.log = () => {}
  console.error = () => {}
  process.env.RELAY_TOKEN = TOKEN
  return () => {
    globalThis.fetch = before.fetch
    Date.now = before.now
    console.log = before.log
    console.error = before.error
    if (token === undefined) delete process.env.RELAY_TOKEN
    else process.env.RELAY_TOKEN = token
    for (const listener of process.stdout.listeners('error')) {
      if (!listeners.includes(listener)) process.stdout.off('error', listener as () => void)
    }
  }
}
