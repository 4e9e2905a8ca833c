// Hype: what the vendor sends of a member's true life. "Article" is help.hype.co/hc/en-us/articles/8786918168595, "Receive
// Contact Event Notifications with Webhooks"; "payments" is …/8786945593619, "Managing User Payments in Hype".
import type { Random } from '../../weather/machine/random.ts'
import type { Human, Message, Truth } from '../truth.ts'
import type { MemberAct } from '../world/member.ts'
import { type Account, accountOf, applied, dataOf } from './hype-account.ts'
import type { HypeReadings } from './readings.ts'

export type Member = {
  human: Human
  publisher: string
  id: string
  /** The address that the member uses here. */
  email: string
  /** Used from the second change of the profile on. */
  nextEmail?: string
}

export type Sent = Omit<Message, 'n'>

type Said = { type: string; source: string; truth: Truth; data?: unknown; at?: number }

/** The messages of a life, in the order of what happened. */
export function hypeMessages(
  member: Member,
  acts: readonly MemberAct[],
  { readings, random }: { readings: HypeReadings; random: Random },
): Sent[] {
  const account = accountOf(member, readings)
  const context = { member, account, readings, random }
  return acts.flatMap((act) => {
    const before = dataOf(account)
    const moved = applied(account, act)
    return said(context, act, { before, moved }).map((message) => sent(context, act, message))
  })
}

type Context = { member: Member; account: Account; readings: HypeReadings; random: Random }

/** Article, "Payment Payload Example": the envelope. `timestamp` is put on when it is sent. */
function sent({ member, account, readings }: Context, act: MemberAct, message: Said): Sent {
  const { human, publisher, id } = member
  // "To identify the person generating the event": user, Dashboard and System; lower case in the example.
  const source = readings.source === 'lower' ? message.source.toLowerCase() : message.source
  const body = {
    ...{ id, publisher_id: publisher, email: account.email },
    ...{ name: `${human.given} ${human.family}`, type: message.type },
    ...(readings.source === 'absent' ? {} : { source }),
    ...(message.data === undefined ? {} : { data: message.data }),
    version: '1.1.0',
  }
  return {
    ...{
      vendor: 'hype',
      type: message.type,
      contact: `hype ${publisher} ${id}`,
      account: publisher,
    },
    ...{ human: human.id, at: message.at ?? act.at, body, truth: message.truth },
    isState: true,
  }
}

type Change = { before: ReturnType<typeof dataOf>; moved: ReturnType<typeof applied> }

/** What is sent of an act. */
function said(context: Context, act: MemberAct, { before, moved }: Change): Said[] {
  const { account, readings } = context
  const data = dataOf(account)
  const ofContact = contactData(readings, data, act.at)
  const updated = { types: ['contact.updated'] }
  switch (act.what) {
    // "New Contact Created (contact.created) - A free user has signed up."
    case 'sign-up':
      return [
        {
          type: 'contact.created',
          source: 'user',
          truth: { what: 'sign_up', types: ['contact.created'] },
          data: ofContact,
        },
      ]
    // "Contact Updated (contact.updated) - A user made a change to their account".
    case 'change-profile':
      return [
        {
          type: 'contact.updated',
          source: 'user',
          truth: { what: 'profile', ...updated },
          data: ofContact,
        },
      ]
    // "System indicates an automatic event within Hype, including removing premium newsletters".
    case 'lose-newsletters':
      return [
        {
          type: 'contact.updated',
          source: 'System',
          truth: { what: 'newsletters', ...updated },
          data: ofContact,
        },
      ]
    // "Payment Created (payment.created) - A user has made a purchase through Hype, which could be a subscription purchase".
    case 'subscribe': {
      const truth: Truth = {
        what: moved.isReturn ? 'return' : 'first_purchase',
        types: ['payment.created'],
        kinds: ['first_purchase'],
      }
      return [
        ...newContact(context, data, act.at),
        { type: 'payment.created', source: 'user', truth, data },
      ]
    }
    case 'start-trial': {
      const truth: Truth = {
        what: 'trial',
        types: ['payment.created'],
        kinds: ['none', 'first_purchase'],
      }
      const first = newContact(context, data, act.at)
      return readings.trial === 'nothing'
        ? first
        : [...first, { type: 'payment.created', source: 'user', truth, data }]
    }
    // "a donation, a gift, etc."
    case 'give': {
      const kinds =
        act.how === 'one_time' ? (['one_time'] as const) : ([act.how, 'one_time'] as const)
      const truth: Truth = { what: act.how, types: ['payment.created'], kinds }
      const own =
        account.plan && readings.giftData === 'plan' ? data : giftData(readings, data, act)
      return [
        ...newContact(context, own, act.at),
        { type: 'payment.created', source: 'user', truth, data: own },
      ]
    }
    // "Whenever a charge renews, Hype will automatically include a value of "user"." At a new price: "a payment created
    // will be triggered when the plan renews for the contact at the adjusted price".
    case 'charge':
      return [chargeOf(context, act.isFirst, moved.isRepriced, data)]
    // "In some cases this could include migration of data from other membership platforms": source user too.
    case 'migrate':
      return [
        {
          type: 'payment.created',
          source: 'user',
          truth: { what: 'migration', types: ['payment.created'], kinds: ['none'] },
          data,
        },
      ]
    // "Payment Failed (payment.updated) - Hype attempted to charge the card on file for a contact but was unable to."
    case 'fail':
      return [
        {
          type: 'payment.updated',
          source: readings.failureSource,
          truth: { what: 'failed_charge', types: ['payment.failed'], open: ['payment.updated'] },
          data,
        },
      ]
    // "This also captures refunds initiated through the Hype Dashboard, where the total amount a contact has paid changes."
    case 'refund': {
      const amount = (moved.refunded / 100).toFixed(2)
      if (moved.refunded === 0) return []
      return [
        {
          type: 'payment.updated',
          source: 'Dashboard',
          truth: { what: 'refund', types: ['payment.refunded'], open: ['payment.updated'], amount },
          data,
        },
      ]
    }
    // "This also fires when users switch plans, because they are cancelling one plan to join another." Webhooks are sent
    // "in a different order than the generating events": both orders, seconds apart.
    case 'switch':
      return switchOf(context, act.at, { before, data })
    // "If a plan price is changed in the Hype Dashboard, the payment deleted webhook will fire".
    case 'reprice':
      return [ended(context, 'price_change', 'Dashboard', before)]
    // "subscription deleted events, which indicate that a subscription was stopped immediately … Dashboard"; payments: after
    // three failed tries in 21 days the subscription is deleted.
    case 'stop':
      return [
        ended(
          context,
          act.reason,
          act.reason === 'dunning' ? readings.dunningSource : 'Dashboard',
          before,
        ),
      ]
    // "Users … can only choose not to renew."
    case 'decline':
      return declined(context, data, ofContact)
    case 'lapse':
      return readings.lapse === 'nothing' || readings.decline === 'payment.deleted'
        ? []
        : [ended(context, 'other', 'Dashboard', before)]
    // "Dashboard indicates that a community administrator made a change …, including granting free access".
    case 'grant': {
      if (readings.grant === 'contact.updated')
        return [
          {
            type: 'contact.updated',
            source: 'Dashboard',
            truth: { what: 'grant', ...updated },
            data: ofContact,
          },
        ]
      const truth: Truth = { what: 'grant', types: [readings.grant], kinds: ['none'] }
      return [{ type: readings.grant, source: 'Dashboard', truth, data }]
    }
    case 'revoke':
      if (readings.revoke === 'contact.updated')
        return [
          {
            type: 'contact.updated',
            source: 'Dashboard',
            truth: { what: 'revoke', ...updated },
            data: ofContact,
          },
        ]
      return [ended(context, 'stopped_by_admin', 'Dashboard', before)]
  }
}

type HypeData = ReturnType<typeof dataOf>

/** A buyer who never signed up: the purchase comes alone, or with the contact, in any order. */
function newContact({ account, readings }: Context, data: HypeData, at: number): Said[] {
  if (account.isAnnounced) return []
  account.isAnnounced = true
  if (!readings.buyerSignsUp) return []
  const truth: Truth = { what: 'sign_up', types: ['contact.created'] }
  return [{ type: 'contact.created', source: 'user', truth, data: contactData(readings, data, at) }]
}

/** "Each of these two main events have a distinct payload", of which no example is given but a copy of the payment's. */
function contactData({ contactData }: HypeReadings, data: HypeData, at: number): unknown {
  if (contactData === 'payment') return data
  return contactData === 'absent'
    ? undefined
    : { newsletters: at % 2000 < 1000 ? ['Weekly'] : [], city: 'Oslo' }
}

function chargeOf(
  { readings }: Context,
  isFirst: boolean,
  isRepriced: boolean,
  data: HypeData,
): Said {
  const kinds = isFirst ? (['first_purchase'] as const) : (['renewal'] as const)
  const what = isFirst ? 'first_charge' : isRepriced ? 'renewal_at_new_price' : 'renewal'
  // The re-priced renewal is documented as payment.created, the ordinary one only as "payment renewal".
  const type = isFirst || isRepriced ? 'payment.created' : readings.renewal
  const types = type === 'payment.created' ? [type] : ['payment.updated', 'payment.created']
  return { type, source: 'user', truth: { what, types, kinds }, data }
}

function switchOf(
  { readings, random, account }: Context,
  at: number,
  { before, data }: { before: HypeData; data: HypeData },
): Said[] {
  const gap = random.pick([0, 0, 1000, 3000])
  const switchId = Math.floor(at)
  const [first, second] = readings.switchOrder === 'deleted-first' ? [0, gap] : [gap, 0]
  const reason = 'plan_switch' as const
  const end: Said = {
    ...{ type: 'payment.deleted', source: readings.switchSource, at: at + first },
    truth: { what: reason, types: ['subscription.ended'], reason, switchId },
    data: endData(readings, before, account),
  }
  const start: Said = {
    ...{ type: 'payment.created', source: 'user', at: at + second, data },
    truth: { what: reason, types: ['payment.created'], kinds: [reason], switchId },
  }
  return first <= second ? [end, start] : [start, end]
}

function ended(
  { readings, account }: Context,
  reason: NonNullable<Truth['reason']>,
  source: string,
  before: HypeData,
): Said {
  const truth: Truth = {
    what: reason === 'other' ? 'declined' : reason,
    types: ['subscription.ended'],
    reason,
  }
  return { type: 'payment.deleted', source, truth, data: endData(readings, before, account) }
}

function endData({ endData }: HypeReadings, before: HypeData, account: Account): unknown {
  if (endData === 'empty') return {}
  return endData === 'before'
    ? before
    : { ...dataOf(account), tier: null, billing_interval: null, billing_end: null }
}

/** What is sent when a user chooses not to renew: the article gives it no event of its own. */
function declined({ readings }: Context, data: HypeData, ofContact: unknown): Said[] {
  const what = 'declined'
  switch (readings.decline) {
    case 'nothing':
      return []
    case 'contact.updated':
      return [
        {
          type: 'contact.updated',
          source: 'user',
          truth: { what, types: ['contact.updated'] },
          data: ofContact,
        },
      ]
    case 'payment.updated':
      return [
        {
          type: 'payment.updated',
          source: 'user',
          truth: { what, types: ['payment.updated'] },
          data,
        },
      ]
    default:
      return [
        {
          type: 'payment.deleted',
          source: 'user',
          truth: { what, types: ['subscription.ended'], reason: 'other' },
          data,
        },
      ]
  }
}

/** `data` of a single payment: it has no interval, or one that says so, and no period. */
function giftData(
  { giftInterval, giftRecurring }: HypeReadings,
  data: HypeData,
  { label, cents }: { label: string | null; cents: number },
): HypeData {
  const recurring = { none: null, zero: 0, amount: cents / 100 }[giftRecurring ?? 'none'] ?? null
  return {
    ...data,
    tier: label,
    billing_interval: giftInterval,
    billing_end: null,
    recurring,
    final_payment: null,
    trial_end: null,
  }
}
