// What the API answers with: the schemas of the OpenAPI document. Tests hold every answer against them.
import { Cause, Person, Replay } from './acts.ts'
import { Attempt, Delivery, Event, EventDelivery, EventSummary } from './events.ts'
import { Diary, Ledger, Source, Target } from './figures.ts'

export * from './acts.ts'
export { pageOf } from './basic.ts'
export * from './events.ts'
export * from './figures.ts'

/** The schemas that the document gives a name. */
export const NAMED = {
  Event,
  EventSummary,
  EventDelivery,
  Delivery,
  Attempt,
  Person,
  Replay,
  Cause,
  Ledger,
  Target,
  Source,
  Diary,
}
