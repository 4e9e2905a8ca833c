// The names that the schemas of events have in programs: in the OpenAPI document, in `/schemas` and in `events.d.cts`.
import { Amount } from './amount.ts'
import * as vocabulary from './vocabulary.ts'

/** What several types have in their data, by the names of the code. */
export const NAMED_PARTS = {
  Amount,
  Acquisition: vocabulary.Acquisition,
  Checkin: vocabulary.Checkin,
  Conclusion: vocabulary.Conclusion,
  Contact: vocabulary.Contact,
  Inference: vocabulary.Inference,
  Membership: vocabulary.Membership,
  Message: vocabulary.Message,
  Package: vocabulary.Package,
  Purchase: vocabulary.Purchase,
  Refund: vocabulary.Refund,
  Subscription: vocabulary.Subscription,
}

/** `payment.created` → `PaymentCreated`: the name of a type of event in a program. */
export function nameOfType(type: string): string {
  return type.replace(/(?:^|[._])(.)/g, (_, letter: string) => letter.toUpperCase())
}
