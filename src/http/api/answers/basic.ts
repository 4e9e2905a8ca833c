// The parts of responses, and the pages of lists.
import * as v from 'valibot'
import { DELIVERY_STATES } from '../../../core/deliveries/delivery.ts'
import { REPLAYABLE_STATES } from '../../../core/deliveries/replay.ts'
import { EVENT_STATUSES } from '../../../core/events/event.ts'
import { EVENT_ID_PATTERN, PERSON_ID_PATTERN, REPLAY_ID_PATTERN } from '../../../core/id.ts'

/** Text, with one as an example for documents, mock servers and tests of clients. */
const textLike = (example: string) => v.pipe(v.string(), v.examples([example]))

export const Time = v.pipe(v.string(), v.isoTimestamp(), v.examples(['2026-11-21T18:09:17.916Z']))
export const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.examples([2]))
/** A number of bytes: more than 32 bits can count. */
export const bytes = v.pipe(count, v.metadata({ format: 'int64' }))
export const status = v.pipe(v.number(), v.integer(), v.examples([200]))
export const milliseconds = v.pipe(v.number(), v.examples([84]))
export const target = textLike('crm')
export const source = textLike('hype')
export const vendor = textLike('hype')
export const eventType = textLike('payment.created')
export const email = textLike('ana.silva@example.com')
export const contactId = textLike('0a1b2c3d-1111-4222-8333-444455556666')
export const sentence = textLike('The target is paused.')
export const eventId = v.pipe(
  v.string(),
  v.regex(EVENT_ID_PATTERN),
  v.examples(['evt_1jm3jqgq5fh']),
)
export const personId = v.pipe(
  v.string(),
  v.regex(PERSON_ID_PATTERN),
  v.examples(['per_1jm3jqgq5fh']),
)
export const replayId = v.pipe(
  v.string(),
  v.regex(REPLAY_ID_PATTERN),
  v.examples(['rpl_1jm3jqgq5fh']),
)
export const anything = v.unknown()

const oneOf = <const Names extends readonly string[]>(names: Names) =>
  v.picklist(names, `must be one of ${names.join(', ')}`)
export const EventStatus = oneOf(EVENT_STATUSES)
export const DeliveryState = oneOf(DELIVERY_STATES)
export const ReplayableState = oneOf(REPLAYABLE_STATES)

/** A page of a list; `next` is the query `next` of the following page, null at the end. */
export const pageOf = <K extends string, S extends v.GenericSchema>(key: K, item: S) =>
  v.strictObject({ [key]: v.array(item), next: v.nullable(v.string()) })
