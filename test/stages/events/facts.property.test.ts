// Facts of packed events mean what the whole events mean: the messages of lives, each beside all those before it.
import { expect, it } from 'vitest'
import { type ConfiguredSource, isBrokenSource, parseConfig } from '../../../src/config.ts'
import { contactKeyOf } from '../../../src/core/events/contact-key.ts'
import { composeEvent, instantOf, type MembershipEvent } from '../../../src/core/events/event.ts'
import { readFacts, writeFacts } from '../../../src/core/events/facts/fact-text.ts'
import { type Fact, type Facts, pastOf, remember } from '../../../src/core/events/facts/facts.ts'
import { type History, NO_HISTORY } from '../../../src/core/events/history.ts'
import { newEventId } from '../../../src/core/id.ts'
import type { JsonObject } from '../../../src/core/intake/json.ts'
import { understand } from '../../../src/stages/events/meaning.ts'
import { factOf } from '../../../src/stages/events/packed-facts.ts'
import { VENDORS } from '../../../src/vendors/index.ts'
import { arrivalsOf } from '../../lives/network.ts'
import type { Arrival } from '../../lives/truth.ts'
import { worldOf } from '../../lives/world/world.ts'

const sources = parseConfig(
  {
    SOURCES: [
      { name: 'hapana', vendor: 'hapana', secret: 'S', timezone: 'Australia/Sydney' },
      { name: 'hype', vendor: 'hype', secret: 'S', currency: 'USD' },
    ],
  },
  () => 'secret',
).sources

function eventOf({ message, body, query, at }: Arrival, n: number): MembershipEvent | undefined {
  const source = sources.get(message.vendor) as ConfiguredSource
  if (isBrokenSource(source)) throw new Error('the source is broken')
  const eventName = new URLSearchParams(query).get('event') ?? undefined
  const headers = new Headers()
  const vendor = VENDORS[source.vendor]
  const content = { body: JSON.parse(body) as JsonObject, headers, eventName }
  const normalized = vendor.normalize(content, source.settings)
  if (!normalized.ok) return undefined
  const { event, warnings } = normalized.value
  const context = { id: newEventId(Math.floor(at), n), source: source.name, vendor: source.vendor }
  const { mappingVersion } = vendor
  return composeEvent(event, { ...context, mappingVersion, origin: 'https://relay', warnings })
}

it.each([1, 2, 3])(
  'means the same by facts, in world %i',
  (seed) => {
    const logs = new Map<string, { all: Fact[]; text: string }>()
    let [trimmed, read] = [0, 0]
    for (const [n, arrival] of arrivalsOf(worldOf(seed, 250)).entries()) {
      const own = eventOf(arrival, n)
      const { vendor_id, email_normalized } = own?.data.contact ?? {}
      const contact = contactKeyOf(vendor_id, email_normalized, false)
      if (own === undefined || contact === undefined) continue
      const owner = { source: own.relaysource, contact }
      const key = JSON.stringify(owner)
      const { all, text } = logs.get(key) ?? { all: [], text: '{}' }
      const kinds = VENDORS[own.vendor as 'hype'].relatedKinds(own)
      const facts: Facts = readFacts(text, owner)
      const historyOf = (past: readonly Fact[]): History => ({
        ...NO_HISTORY,
        past: past.map(({ event }) => event),
      })
      let event = own
      if (kinds !== undefined) {
        const around = { at: instantOf(own), event: own.id, before: undefined }
        const isAnnounced = (fact: Fact) => kinds.length > 0 || factOf(fact)?.list === 'account'
        const whole = pastOf(kinds, all.filter(isAnnounced), new Map(), around)
        const kept = pastOf(kinds, [], facts, around)
        const means = understand(own, historyOf(whole.facts), [])
        if (kept.missing.length > 0) read++
        else {
          trimmed++
          expect(understand(own, historyOf(kept.facts), [])).toEqual(means)
        }
        event = means.event
      }
      const fact = { id: event.id, at: instantOf(event), event, isTold: true }
      const packed = [factOf(fact)].filter((one) => one !== undefined)
      logs.set(key, {
        all: [...all, fact],
        text: writeFacts(remember(facts, packed), owner),
      })
    }
    expect(trimmed).toBeGreaterThan(500)
    expect(read).toBeLessThan(trimmed / 20)
    // Some hundred bytes a contact, however many events it has.
    for (const [source, most] of [
      ['hapana', 500],
      ['hype', 900],
    ] as const) {
      const own = [...logs].filter(([owner]) => JSON.parse(owner).source === source)
      const bytes = own.reduce((sum, [, { text }]) => sum + text.length, 0)
      expect(bytes / own.length, source).toBeLessThan(most)
    }
  },
  60_000,
)
