// Hype's webhooks about payments, failed charges and refunds. Quotations are of the article.
import type { Kind, Truth } from '../truth.ts'
import type { MemberAct } from '../world/member.ts'
import type { Change, HypeData, Said } from './hype.ts'
import type { HypeReadings } from './readings.ts'

/** What is sent of an act as a payment's. */
export function paymentMessages(act: MemberAct, change: Change): Said[] {
  const { account, readings, data, moved } = change
  const created = (what: string, kinds: readonly Kind[], own: HypeData = data): Said[] => [
    {
      ...{ type: 'payment.created', source: 'user', data: own },
      truth: { what, types: ['payment.created'], kinds },
    },
  ]
  switch (act.what) {
    // "Payment Created (payment.created) - A user has made a purchase through Hype, which could be a subscription purchase".
    case 'subscribe':
      return created(moved.isReturn ? 'return' : 'first_purchase', ['first_purchase'])
    // Whether a trial is a purchase is not stated. Nothing is paid for it.
    case 'start-trial':
      return readings.trial === 'nothing' ? [] : created('trial', ['none', 'first_purchase'])
    // "a donation, a gift, etc." Each of them is a single payment too.
    case 'give': {
      const own =
        account.plan && readings.giftData === 'plan' ? data : giftData(readings, data, act)
      return created(act.how, act.how === 'one_time' ? ['one_time'] : [act.how, 'one_time'], own)
    }
    case 'charge':
      return [charged(act.isFirst, change)]
    // "In some cases this could include migration of data from other membership platforms": source user too.
    case 'migrate':
      return created('migration', ['none'])
    // "Payment Failed (payment.updated) - Hype attempted to charge the card on file for a contact but was unable to."
    case 'fail': {
      const truth = { what: 'failed_charge', types: ['payment.failed'], open: ['payment.updated'] }
      return [{ type: 'payment.updated', source: readings.failureSource, truth, data }]
    }
    // "This also captures refunds initiated through the Hype Dashboard, where the total amount a contact has paid changes."
    case 'refund':
      return moved.refunded === 0 ? [] : [refunded(moved.refunded, data)]
    // "Dashboard indicates that a community administrator made a change …, including granting free access".
    case 'grant': {
      if (readings.grant === 'contact.updated') return []
      const truth: Truth = { what: 'grant', types: [readings.grant], kinds: ['none'] }
      return [{ type: readings.grant, source: 'Dashboard', truth, data }]
    }
    default:
      return []
  }
}

/**
 * "Whenever a charge renews, Hype will automatically include a value of "user"." At a new price: "a payment created will be
 * triggered when the plan renews for the contact at the adjusted price". The type of an ordinary renewal is not stated.
 */
function charged(isFirst: boolean, { readings, moved, data }: Change): Said {
  const what = isFirst ? 'first_charge' : moved.isRepriced ? 'renewal_at_new_price' : 'renewal'
  const type = what === 'renewal' ? readings.renewal : 'payment.created'
  const types = type === 'payment.created' ? [type] : ['payment.updated', 'payment.created']
  const kinds = isFirst ? (['first_purchase'] as const) : (['renewal'] as const)
  return { type, source: 'user', truth: { what, types, kinds }, data }
}

function refunded(cents: number, data: HypeData): Said {
  const truth: Truth = {
    ...{ what: 'refund', types: ['payment.refunded'], open: ['payment.updated'] },
    amount: (cents / 100).toFixed(2),
  }
  return { type: 'payment.updated', source: 'Dashboard', truth, data }
}

type Given = { label: string | null; cents: number }

/** `data` of a single payment: it has no interval, or one that says so, and no period. */
function giftData(readings: HypeReadings, data: HypeData, { label, cents }: Given): HypeData {
  const { giftInterval, giftRecurring } = readings
  const recurring = giftRecurring === 'amount' ? cents / 100 : giftRecurring === 'zero' ? 0 : null
  return {
    ...{ ...data, tier: label, billing_interval: giftInterval, billing_end: null, recurring },
    ...{ final_payment: null, trial_end: null },
  }
}
