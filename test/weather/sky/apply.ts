// Makes the weather of a schedule: begins and ends its faults.

import type { Tree } from '../machine/build.ts'
import type { Clock } from '../machine/clock.ts'
import type { Relay } from '../machine/relay.ts'
import type { Sky, Trouble } from '../machine/sky.ts'
import { type ConfigTrouble, varsOf } from '../world/config.ts'
import type { Receivers, ReceiverTrouble } from '../world/receivers.ts'
import type { Fault, Schedule } from './schedule.ts'

export type Parts = {
  clock: Clock
  start: number
  sky: Sky
  relay: Relay
  receivers: Receivers
  schedule: Schedule
  trees: { now: Tree; before: Tree }
  onChange: (fault: Fault, what: 'before' | 'begins' | 'ends') => void
}

/** How far Time Travel goes back. */
export const BACK_MS = 30 * 60_000

/** What is left of D1 when it is almost full: less than a fifth. */
const FILLING_BYTES = 1_300_000_000

/** The faults that are active, for all who must know. */
export class Weather {
  readonly active = new Set<Fault>()
  private readonly parts: Parts

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** Starts to make it. */
  start(): void {
    const { clock, start, schedule } = this.parts
    for (const fault of schedule.faults) {
      if (fault.kind === 'time-travel') this.planTravel(fault)
      else if (fault.from === 0) this.begin(fault)
      else clock.at(start + fault.from, () => this.begin(fault))
      clock.at(start + fault.from + fault.ms, () => this.end(fault))
    }
  }

  private begin(fault: Fault): void {
    this.active.add(fault)
    this.parts.onChange(fault, 'begins')
    this.apply(fault)
  }

  private end(fault: Fault): void {
    if (!this.active.delete(fault)) return
    this.apply(fault)
    if (fault.kind === 'schema') this.migrate()
    this.parts.onChange(fault, 'ends')
  }

  /** Brings what a fault changes to what all active faults say. */
  private apply({ kind, on }: Fault): void {
    const { sky, relay, receivers } = this.parts
    const last = this.lastOf(kind, on)
    switch (kind) {
      case 'd1':
        sky.d1 = troubleOf(last)
        return
      case 'r2':
        sky.r2 = troubleOf(last)
        return
      case 'queue': {
        const queue = relay.queue(on ?? '')
        const trouble = troubleOf(last)
        if (trouble) sky.queues.set(queue.name, trouble)
        else sky.queues.delete(queue.name)
        return
      }
      case 'full':
      case 'filling': {
        const isFull = this.lastOf('full') !== undefined
        const isFilling = this.lastOf('filling') !== undefined
        relay.database.fill(isFull ? 0 : isFilling ? FILLING_BYTES : undefined)
        return
      }
      case 'cuts':
        sky.cutRate = last?.share ?? 0
        return
      case 'no-cron':
        sky.isCronSilent = last !== undefined
        return
      case 'receiver':
        if (last) receivers.troubles.set(on ?? '', { how: last.how as ReceiverTrouble['how'] })
        else receivers.troubles.delete(on ?? '')
        return
      case 'config':
      case 'deploy':
        this.deploy()
        return
      case 'schema':
      case 'time-travel':
        return
    }
  }

  private lastOf(kind: Fault['kind'], on?: string): Fault | undefined {
    return [...this.active]
      .filter((fault) => fault.kind === kind && (on === undefined || fault.on === on))
      .at(-1)
  }

  /** The configuration troubles that are active. */
  configTroubles(): ConfigTrouble[] {
    return [...this.active]
      .filter(({ kind }) => kind === 'config')
      .map(({ how, on }) => ({ how, on, days: 1 }) as unknown as ConfigTrouble)
  }

  private deploy(): void {
    const { relay, schedule, trees } = this.parts
    const isOld = this.lastOf('deploy') !== undefined
    relay.deploy({
      tree: isOld ? trees.before : trees.now,
      vars: varsOf(schedule.targets, this.configTroubles(), schedule.hotDays),
    })
  }

  /** Applies the last migration, which was missing. */
  private migrate(): void {
    const { relay, trees } = this.parts
    const last = trees.now.migrations.at(-1)
    if (last !== undefined) relay.database.migrate(last)
    // A migration comes with a deployment: what an isolate knows of the schema begins anew.
    this.deploy()
  }

  private planTravel(fault: Fault): void {
    const { clock, start, relay } = this.parts
    let copy: Uint8Array | undefined
    clock.at(start + fault.from - BACK_MS, () => {
      copy = relay.database.snapshot()
    })
    clock.at(start + fault.from, () => {
      if (copy === undefined) return
      this.parts.onChange(fault, 'before')
      this.active.add(fault)
      relay.database.restore(copy)
      this.parts.onChange(fault, 'begins')
    })
  }
}

function troubleOf(fault: Fault | undefined): Trouble | undefined {
  if (fault === undefined) return undefined
  return { how: fault.how as Trouble['how'], share: fault.share ?? 1 }
}
