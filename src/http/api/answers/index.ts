// The responses of the API: the schemas of the OpenAPI document. A test validates every response by them.
import * as acts from './acts.ts'
import { DeliveryState, EventStatus, ReplayableState } from './basic.ts'
import * as erasures from './erasures.ts'
import * as events from './events.ts'
import * as figures from './figures.ts'

export * from './acts.ts'
export { DeliveryState, EventStatus, pageOf, ReplayableState } from './basic.ts'
export * from './erasures.ts'
export * from './events.ts'
export * from './figures.ts'

/** The schemas that have a name in the document. */
export const NAMED = {
  DeliveryState,
  EventStatus,
  ReplayableState,
  ...acts,
  ...erasures,
  ...events,
  ...figures,
}
