// The names that the schemas of events have in programs: in the OpenAPI document, in `/schemas` and in `events.d.cts`.
import { Amount, AmountUnit } from './amount.ts'
import { PersonBasis, TimeBasis, TypeBasis } from './envelope.ts'
import { NewTargetState } from './system-event.ts'
import * as vocabulary from './vocabulary.ts'

/** What several types have, by the names of the code. */
export const NAMED_PARTS = {
  Amount,
  AmountUnit,
  Actor: vocabulary.Actor,
  Acquisition: vocabulary.Acquisition,
  Checkin: vocabulary.Checkin,
  Conclusion: vocabulary.Conclusion,
  Confidence: vocabulary.Confidence,
  Contact: vocabulary.Contact,
  EndReason: vocabulary.EndReason,
  Inference: vocabulary.Inference,
  Membership: vocabulary.Membership,
  MembershipStatus: vocabulary.MembershipStatus,
  Message: vocabulary.Message,
  NewTargetState,
  Package: vocabulary.Package,
  PaymentKind: vocabulary.PaymentKind,
  PersonBasis,
  Purchase: vocabulary.Purchase,
  Refund: vocabulary.Refund,
  Subscription: vocabulary.Subscription,
  TimeBasis,
  TypeBasis,
}

/** `payment.created` → `PaymentCreated`: the name of a type of event in a program. */
export function nameOfType(type: string): string {
  return type.replace(/(?:^|[._])(.)/g, (_, letter: string) => letter.toUpperCase())
}
