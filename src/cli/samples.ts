// A sample's messages → the event that they become, as the Worker makes it, with a history of their own for its log.
import type { ConfiguredSource } from '../config.ts'
import { composeEvent, type MembershipEvent } from '../core/events/event.ts'
import { composeInferred } from '../core/events/history.ts'
import { newEventId, personIdOfKey } from '../core/id.ts'
import { readMessages } from '../core/intake/json.ts'
import type { RawBody } from '../core/intake/request.ts'
import { SCENARIOS, type Scenario } from '../simulator/scenarios.ts'
import { VENDORS } from '../vendors/index.ts'

/** The relay's origin, of which a command knows nothing: only `dataschema` shows it. */
const ORIGIN = 'https://relay.example'

/** An event with the message that it was made of; an empty one for what followed from others. */
export type Sample = { event: MembershipEvent; raw: RawBody }

/** One event of each type that a source's vendor can send. `now` in epoch milliseconds. */
export function samplesOf(source: ConfiguredSource, now: number): Sample[] {
  return SCENARIOS[source.vendor].map((story) => tell(story, source, now))
}

/** Takes a story's messages in, one after the other. */
function tell({ type, messages }: Scenario, source: ConfiguredSource, now: number): Sample {
  const samples: Sample[] = []
  const told: MembershipEvent[] = []
  for (const [i, message] of messages.entries()) {
    const text = JSON.stringify(message.body)
    const event = understand(text, message.eventName, source, now + i)
    const { interpret, relatedKinds } = VENDORS[source.vendor]
    const kinds: readonly string[] | undefined = relatedKinds(event)
    const past = told.filter((one) => kinds?.includes(one.type.split('.')[0] ?? ''))
    const sites = told.flatMap(({ data }) => data.site?.vendor_id ?? [])
    const meaning =
      kinds === undefined
        ? { event, inferred: [] }
        : interpret(event, { isKnown: told.length > 0, sites, past })
    const inferred = meaning.inferred.map((conclusion, n) =>
      composeInferred(meaning.event, conclusion, newEventId(now + i, n + 1)),
    )
    told.push(meaning.event)
    samples.push({ event: meaning.event, raw: { text, encoding: 'utf8' } })
    samples.push(
      ...inferred.map((one) => ({ event: one, raw: { text: '', encoding: 'utf8' as const } })),
    )
  }
  const sample = samples.findLast(({ event }) => event.type === type)
  if (sample === undefined) throw new Error(`the sample of ${type} becomes another type`)
  return sample
}

function understand(
  text: string,
  eventName: string | undefined,
  source: ConfiguredSource,
  now: number,
): MembershipEvent {
  const vendor = VENDORS[source.vendor]
  const body = readMessages(text)?.messages[0]?.value ?? {}
  const message = { body, headers: new Headers(), eventName }
  const normalized = vendor.normalize(message, source.settings)
  if (!normalized.ok) throw new Error(`a sample is not understood: ${text}`)
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
