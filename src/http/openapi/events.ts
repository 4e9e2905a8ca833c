// The events that targets get, by the names that their types have in programs.
import * as v from 'valibot'
import { ENVELOPE, VENDOR_ENVELOPE } from '../../core/events/event.ts'
import { RELAY_EVENT_DATA } from '../../core/events/system-event.ts'
import * as vocabulary from '../../core/events/vocabulary.ts'

/** What several types have in their data. */
const PARTS = {
  Acquisition: vocabulary.Acquisition,
  Checkin: vocabulary.Checkin,
  Conclusion: vocabulary.Conclusion,
  Confidence: vocabulary.Confidence,
  Contact: vocabulary.Contact,
  EndReason: vocabulary.EndReason,
  Inference: vocabulary.Inference,
  Membership: vocabulary.Membership,
  MessageSent: vocabulary.MessageSent,
  Package: vocabulary.Package,
  PaymentKind: vocabulary.PaymentKind,
  Purchase: vocabulary.Purchase,
  Refund: vocabulary.Refund,
  Subscription: vocabulary.Subscription,
}

/** `payment.created` → `PaymentCreated`: the name of a type in a program. */
export function nameOfType(type: string): string {
  return type.replace(/(?:^|[._])(.)/g, (_, letter: string) => letter.toUpperCase())
}

type Data = v.ObjectSchema<v.ObjectEntries, undefined>

function named(types: Record<string, Data>, envelope: v.ObjectEntries) {
  return Object.fromEntries(
    Object.entries(types).flatMap(([type, { entries }]) => {
      // Types that share a schema have one each, so that each has its own name.
      const data = v.object(entries)
      const name = nameOfType(type)
      return [
        [`${name}Event`, v.object({ ...envelope, type: v.literal(type), data })],
        [`${name}Data`, data],
      ]
    }),
  )
}

/** The schemas of all events, of their data, and of the parts of it. */
export const EVENTS: Record<string, v.GenericSchema> = {
  ...PARTS,
  ...named(vocabulary.EVENT_DATA, VENDOR_ENVELOPE),
  ...named(RELAY_EVENT_DATA, ENVELOPE),
}
