// The readings of the vendors' documents. Where a document leaves something open, each world has one of the readings that
// it permits, and a claim that is safe must be right in all of them.
//
// Not sampled: that Hype's `id` is an event's and not a contact's. Both samples of the article share one id beside e-mail
// and name, and nothing else in the body could tell contacts apart; with the other reading nobody could say anything.
import type { Random } from '../../weather/machine/random.ts'

export type HypeReadings = ReturnType<typeof hypeReadings>
export type HapanaReadings = ReturnType<typeof hapanaReadings>

/** How a world reads Hype's article "Receive Contact Event Notifications with Webhooks" and its help pages. */
export function hypeReadings(random: Random) {
  const often = <T>(usual: T, other: T, share = 0.25): T => (random.chance(share) ? other : usual)
  return {
    // `timestamp`: of the event or of the sending is not stated.
    stamp: often<'event' | 'sending'>('event', 'sending', 0.4),
    // "Hype indicates user, Dashboard, and System"; the sample says "dashboard". Absent in the version of 2020.
    source: random.pick(['lower', 'as-named', 'as-named', 'as-named', 'lower', 'absent']),
    // "Payment … including payment renewal": which of the types a renewal has is not stated.
    renewal: often('payment.created', 'payment.updated', 0.15),
    // "System indicates an automatic event"; a failed charge is one, but a charge that renews is "user".
    failureSource: often('System', 'user', 0.2),
    // "subscription deleted events … will be labeled as Dashboard sourced"; yet users switch, and Stripe ends dunning.
    switchSource: often('Dashboard', 'user', 0.3),
    dunningSource: often('Dashboard', 'System', 0.5),
    // What `data` of an end describes, the plan that ended or what is left, is not stated.
    endData: random.pick(['before', 'before', 'before', 'after', 'empty']),
    // "A user cancels a subscription" against "can only choose not to renew": what is sent when somebody declines, and at the
    // end of the paid period.
    decline: random.pick(['nothing', 'payment.updated', 'payment.deleted', 'contact.updated']),
    lapse: often('payment.deleted', 'nothing', 0.4),
    // "granting free access": the type is not stated. Nor is that of taking it back, but it ends a subscription.
    grant: random.pick(['payment.created', 'payment.updated', 'contact.updated']),
    revoke: often('payment.deleted', 'contact.updated', 0.3),
    // "A user has made a purchase": whether a trial is one is not stated.
    trial: often('payment.created', 'nothing', 0.3),
    // "the total amount a contact has paid": of the contact; a total that begins anew with a plan cannot be excluded.
    total: often<'contact' | 'plan'>('contact', 'plan', 0.2),
    totalForm: random.pick(['number', 'number', 'float', 'text']),
    // Managing User Payments: a switch refunds nothing; whether the new plan is charged at once is not stated.
    switchCharge: often('at-once', 'at-period-end', 0.3),
    switchOrder: random.pick(['deleted-first', 'created-first']),
    // "Each of these two main events have a distinct payload"; its example is a copy of the payment's.
    contactData: random.pick(['profile', 'absent', 'payment']),
    // A buyer may not be a "free user" that "has signed up".
    buyerSignsUp: random.chance(0.5),
    // `data` has one tier and one interval. Those of a gift, or of the plan that the giver has, is not stated.
    giftData: often('own', 'plan', 0.3),
    giftInterval: random.pick([null, null, 'One-time']),
    giftRecurring: random.pick(['none', 'zero', 'amount']),
    clockOffsetMs: random.pick([0, 0, 0, -40_000, 30_000, 100_000, 25 * 60_000, -20 * 60_000]),
    // One server of the vendor may have a clock that is far off.
    wrongClockShare: random.pick([0, 0, 0, 0.003]),
  }
}

/** How a world reads Hapana's guide and its articles 527 to 532 and 591, and the developers' guide. */
export function hapanaReadings(random: Random) {
  return {
    // Support: a URL for each event, as in the guide's example, or one URL. "Event Type" is listed apart from "Payload
    // Details": whether the type is in the body is not stated.
    typeIn: random.pick(['url', 'url', 'body', 'shape']),
    envelope: random.pick(['flat', 'flat', 'data']),
    // The articles' keys, or those of the overview, which names no site but for messages.
    keys: random.pick(['article', 'article', 'article', 'overview']),
    hasSite: true,
    // Developers' guide: signature and X-Hapana-Delivery; whether a retry keeps the id is not stated.
    delivery: random.pick(['none', 'none', 'kept', 'of-attempt']),
    // "string, opaque": base64 of base64, of a decimal, or a number.
    id: random.pick(['opaque', 'opaque', 'decimal', 'number']),
    // 529: "key data that has been changed" against the whole list.
    update: random.pick(['whole', 'partial']),
    // 532: "timestamp", its form is not stated.
    time: random.pick(['local', 'local-t', 'utc', 'offset', 'epoch', 'epoch-ms']),
    knowsZone: random.chance(0.6),
    date: random.pick(['iso', 'dd/mm', 'text-empty']),
    amount: random.pick(['number', 'text', 'thousands']),
    // 531: "packageType", in three spellings.
    packageType: random.pick([
      { pass: 'sessionpackage', membership: 'membership' },
      { pass: 'session package', membership: 'membership' },
      { pass: 'sessionPackage', membership: 'Membership' },
    ]),
    // "Allocate Without Payment": amount 0 or no message.
    freePackage: random.pick(['zero', 'nothing']),
    // 528: a message "when a client receives an SMS or e-mail after a purchase"; the guide: "unique id of the message".
    // Whether an SMS and an e-mail can share one is not stated.
    messageIds: random.pick(['unique', 'by-channel']),
    // 530: activePackages may be empty or absent when inactive.
    noPackages: random.pick(['empty', 'absent']),
    // A source may be given to two brands: ids are unique in each.
    brands: random.chance(0.1) ? 2 : 1,
    // 527: an account that is imported from elsewhere keeps its join date, or has that of the import.
    importedJoin: random.pick(['old', 'new']),
  }
}
