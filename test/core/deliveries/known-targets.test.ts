// Which targets were configured last: the memory that isolates of different versions share.
import { describe, expect, it } from 'vitest'
import {
  changesOfKnown,
  heldForTargets,
  heldUntil,
  type KnownTarget,
} from '../../../src/core/deliveries/known-targets.ts'
import { HOUR_MS } from '../../../src/core/period.ts'

const NOW = Date.parse('2026-11-21T00:00:00.000Z')
const MINUTE_MS = 60_000

const aTarget = (name: string, events = ['*'], sources?: string[]) => ({
  name,
  events,
  sources,
  broken: 'as good as any',
})
type Configured = ReturnType<typeof aTarget>

/** The memory, and isolates that update it. */
function aMemory() {
  let known: KnownTarget[] = []
  let written = 0
  return {
    entry: (name: string) => known.find((one) => one.name === name),
    known: () => known,
    written: () => written,
    minute: (
      now: number,
      configured: Configured[],
      { isComplete = true, latestHeld = new Map<string, number>() } = {},
    ) => {
      const changes = changesOfKnown(known, { configured, isComplete, latestHeld }, now)
      written += changes.length
      const names = changes.map(({ name }) => name)
      known = [...known.filter(({ name }) => !names.includes(name)), ...changes]
    },
  }
}

describe('the known targets', () => {
  it('are written once while nothing changes', () => {
    const memory = aMemory()

    for (let i = 0; i < 200; i++) memory.minute(NOW + i * MINUTE_MS, [aTarget('crm')])

    expect(memory.written()).toBe(1)
    expect(memory.entry('crm')).toMatchObject({ events: ['*'], unknownSince: undefined })
  })

  it('hold a target that is gone for a day, from when it was missed', () => {
    const memory = aMemory()
    memory.minute(NOW, [aTarget('crm')])

    memory.minute(NOW + 3 * 24 * HOUR_MS, [])

    const entry = memory.entry('crm')
    expect(entry?.unknownSince).toBe(NOW + 3 * 24 * HOUR_MS)
    expect(entry && heldUntil(entry)).toBe(NOW + 4 * 24 * HOUR_MS + HOUR_MS)
  })

  it('begin a new day when the target was put back and is gone again', () => {
    const memory = aMemory()
    memory.minute(NOW, [aTarget('crm')])
    memory.minute(NOW + HOUR_MS, [])
    memory.minute(NOW + 20 * HOUR_MS, [aTarget('crm')])
    expect(memory.entry('crm')?.unknownSince).toBeUndefined()

    memory.minute(NOW + 30 * HOUR_MS, [])

    expect(memory.entry('crm')?.unknownSince).toBe(NOW + 30 * HOUR_MS)
  })

  it('conclude nothing from a list that cannot be read', () => {
    const memory = aMemory()
    memory.minute(NOW, [aTarget('crm'), aTarget('erp')])

    memory.minute(NOW + HOUR_MS, [aTarget('erp'), aTarget('new')], { isComplete: false })

    expect(memory.entry('crm')?.unknownSince).toBeUndefined()
    expect(memory.entry('new')).toMatchObject({ events: ['*'] })
  })

  it('never let two versions that run side by side end a target of one, and write a few rows an hour', () => {
    const memory = aMemory()
    const days = 3
    const old = [aTarget('crm', ['payment.*'])]
    const young = [aTarget('crm', ['contact.*'], ['hype']), aTarget('erp')]

    for (let i = 0; i < days * 1440; i++) {
      const now = NOW + i * MINUTE_MS
      memory.minute(now, i % 2 === 0 ? young : old)
      for (const entry of memory.known()) expect(heldUntil(entry) ?? now + 1).toBeGreaterThan(now)
    }

    expect(memory.written()).toBeLessThan(days * 24 * 5)
  })

  it('take an accepted event for a sign that another version has the target, though its cron never runs', () => {
    const memory = aMemory()

    for (let i = 0; i < 3 * 1440; i++) {
      const now = NOW + i * MINUTE_MS
      memory.minute(now, [], { latestHeld: new Map([['erp', now - MINUTE_MS]]) })
      const entry = memory.entry('erp')
      expect(entry && heldUntil(entry)).toBeGreaterThan(now)
    }

    expect(memory.written()).toBeLessThan(3 * 24 + 2)
  })

  it('take what is held for an ended target for a sign only if it came after the end', () => {
    const memory = aMemory()
    const end = NOW + 26 * HOUR_MS
    const ended = { ...aTarget('crm'), changedAt: NOW, unknownSince: NOW, endedAt: end }
    const changes = (latest: number) => {
      const view = { configured: [], isComplete: true, latestHeld: new Map([['crm', latest]]) }
      return changesOfKnown([ended], view, end + MINUTE_MS)
    }

    expect(changes(end - 1)).toEqual([])
    expect(changes(end + 1)).toMatchObject([{ unknownSince: end + 1, endedAt: undefined }])
    expect(memory.known()).toEqual([])
  })

  it('remember at once what a target wants more, and later what it wants less', () => {
    const memory = aMemory()
    memory.minute(NOW, [aTarget('crm', ['payment.*'], ['hype'])])

    memory.minute(NOW + MINUTE_MS, [aTarget('crm', ['contact.*'], ['hapana'])])
    expect(memory.entry('crm')).toMatchObject({
      events: ['payment.*', 'contact.*'],
      sources: ['hype', 'hapana'],
    })
    memory.minute(NOW + 2 * MINUTE_MS, [aTarget('crm', ['contact.*'])])
    expect(memory.entry('crm')?.sources).toBeUndefined()

    memory.minute(NOW + 2 * HOUR_MS, [aTarget('crm', ['contact.*'], ['hapana'])])

    expect(memory.entry('crm')).toMatchObject({ events: ['contact.*'], sources: ['hapana'] })
  })
})

it('are held for, unless they can be read or have ended', () => {
  const entry = { events: ['*'], sources: undefined, changedAt: NOW, unknownSince: undefined }
  const known = ['crm', 'erp', 'gone'].map((name) => ({
    ...entry,
    name,
    endedAt: name === 'gone' ? NOW : undefined,
  }))

  expect(heldForTargets(known, [{ name: 'erp' }], 'TARGETS is wrong')).toEqual([
    { name: 'crm', events: ['*'], sources: undefined, broken: 'TARGETS is wrong' },
  ])
})
