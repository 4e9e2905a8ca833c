// The names of the schemas of events in programs (the OpenAPI document, `/schemas`, `events.d.cts`), and those of their fields.
import { Amount, AmountUnit } from './amount.ts'
import { PersonBasis, TimeBasis, TypeBasis, VENDOR_ENVELOPE } from './envelope.ts'
import { NewTargetState, RELAY_EVENT_DATA } from './system-event.ts'
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

/** A schema as far as it has others in it: the members of an object, the items of a list, what may be absent or null. */
type Nested = {
  type: string
  entries?: Readonly<Record<string, Nested>>
  item?: Nested
  wrapped?: Nested
}

let fieldNames: ReadonlySet<string> | undefined

/** Whether an attribute, or a field of some type's data at any depth, has this name. */
export function isFieldName(text: string): boolean {
  fieldNames ??= new Set([
    ...['type', 'data', ...Object.keys(VENDOR_ENVELOPE)],
    ...Object.values<Nested>({ ...vocabulary.EVENT_DATA, ...RELAY_EVENT_DATA }).flatMap(namesIn),
  ])
  return fieldNames.has(text)
}

function namesIn({ entries = {}, item, wrapped }: Nested): string[] {
  const inner = [...Object.values(entries), item ?? [], wrapped ?? []].flat()
  return [...Object.keys(entries), ...inner.flatMap(namesIn)]
}
