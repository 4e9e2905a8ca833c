// The names of the schemas of events in programs (the OpenAPI document, `/schemas`, `events.d.ts`), and those of their fields.
import { Amount } from './amount.ts'
import { VENDOR_ENVELOPE } from './envelope.ts'
import { RELAY_EVENT_DATA } from './system-event.ts'
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
