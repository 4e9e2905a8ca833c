// Example events of each type. Vendor messages are normalized by the Worker's own code, and earlier messages of the same
// example serve as the history that inference needs.
import type { ConfiguredSource } from '../../config.ts'
import { composeEvent, type MembershipEvent } from '../../core/events/event.ts'
import { composeInferred, NO_HISTORY } from '../../core/events/history.ts'
import { newEventId, personIdOfKey } from '../../core/id.ts'
import { readMessages } from '../../core/intake/messages.ts'
import { NO_BODY, type RawBody } from '../../core/intake/request.ts'
import { SCENARIOS, type Scenario } from '../../simulator/scenarios.ts'
import { VENDORS } from '../../vendors/index.ts'

/** Stands for the origin of the relay, which is not known here. It only appears in `dataschema`. */
const ORIGIN = 'https://relay.example'

/**
 * An event and the vendor message it was made from, which is empty for an inferred event. `which`: what tells it from other
 * samples of its type.
 */
export type Sample = { event: MembershipEvent; raw: RawBody; which?: string | undefined }

/** An event or more of each type that a source's vendor can send. `now` in epoch milliseconds. */
export function samplesOf(source: ConfiguredSource, now: number): Sample[] {
  return SCENARIOS[source.vendor].map((scenario) => lastEventOf(scenario, source, now))
}

/** Processes the messages of a scenario in order. Returns the last event of the scenario's type. */
function lastEventOf(
  { type, which, messages }: Scenario,
  source: ConfiguredSource,
  now: number,
): Sample {
  const samples: Sample[] = []
  const history: MembershipEvent[] = []
  for (const [i, message] of messages.entries()) {
    const text = JSON.stringify(message.body)
    const event = normalize(text, message.eventName, source, now + i)
    const meaning = understand(event, history, source)
    const inferred = meaning.inferred.map((conclusion, n) =>
      composeInferred(meaning.event, conclusion, newEventId(now + i, n + 1)),
    )
    history.push(meaning.event)
    samples.push({ event: meaning.event, raw: { text, encoding: 'utf8' } })
    samples.push(...inferred.map((one) => ({ event: one, raw: NO_BODY })))
  }
  const sample = samples.findLast(({ event }) => event.type === type)
  if (sample === undefined) throw new Error(`no message of the scenario gives the type ${type}`)
  return { ...sample, which }
}

/** What an event means after the earlier events of the same contact. */
function understand(event: MembershipEvent, history: MembershipEvent[], source: ConfiguredSource) {
  const vendor = VENDORS[source.vendor]
  const kinds: readonly string[] | undefined = vendor.relatedKinds(event)
  if (kinds === undefined) return { event, inferred: [] }
  const isRelated = (earlier: MembershipEvent) =>
    kinds.length === 0
      ? vendor.relatedKinds(earlier)?.length === 0
      : kinds.includes(earlier.type.split('.')[0] ?? '')
  return vendor.interpret(event, { ...NO_HISTORY, past: history.filter(isRelated) })
}

function normalize(
  text: string,
  eventName: string | undefined,
  source: ConfiguredSource,
  now: number,
): MembershipEvent {
  const vendor = VENDORS[source.vendor]
  const body = readMessages(text).messages[0]?.value ?? {}
  const message = { body, headers: new Headers(), eventName }
  const normalized = vendor.normalize(message, source.settings)
  if (!normalized.ok) throw new Error(`a sample message cannot be normalized: ${text}`)
  const event = composeEvent(normalized.value.event, {
    id: newEventId(now, 0),
    source: source.name,
    vendor: source.vendor,
    mappingVersion: vendor.mappingVersion,
    origin: ORIGIN,
    warnings: normalized.value.warnings,
  })
  return { ...event, personid: personIdOfKey('1') }
}
