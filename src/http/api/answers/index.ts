// The responses of the API: the schemas of the OpenAPI document. A test validates every response by them.
import { Cause, Person, Replay } from './acts.ts'
import { Attempt, Delivery, Event, EventDelivery, EventSummary } from './events.ts'
import { Attention, DriftReport, Ledger, Source, Target } from './figures.ts'

export * from './acts.ts'
export { pageOf } from './basic.ts'
export * from './events.ts'
export * from './figures.ts'

/** The schemas that have a name in the document. */
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
  DriftReport,
  Attention,
}
