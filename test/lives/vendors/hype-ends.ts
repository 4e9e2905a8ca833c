// Hype's webhooks about ends of subscriptions, and about the payment that belongs to a switch. Quotations are of the article.
import type { Reason, Truth } from '../truth.ts'
import type { MemberAct } from '../world/member.ts'
import type { Change, Said } from './hype.ts'
import { dataOf } from './hype-account.ts'

/** What is sent of an act as an end. */
export function endMessages(act: MemberAct, change: Change): Said[] {
  const { readings } = change
  switch (act.what) {
    case 'switch':
      return switched(act.at, change)
    // "If a plan price is changed in the Hype Dashboard, the payment deleted webhook will fire".
    case 'reprice':
      return [ended('price_change', 'Dashboard', change)]
    // "subscription deleted events, which indicate that a subscription was stopped immediately … Dashboard"; payments: after
    // three failed tries in 21 days the subscription is deleted.
    case 'stop': {
      const source = act.reason === 'dunning' ? readings.dunningSource : 'Dashboard'
      return [ended(act.reason, source, change)]
    }
    case 'decline':
      return declined(change)
    // At the end of the paid period, where nothing was deleted at once.
    case 'lapse': {
      const isSent = readings.lapse !== 'nothing' && readings.decline !== 'payment.deleted'
      return isSent ? [ended('other', 'Dashboard', change)] : []
    }
    case 'revoke':
      if (readings.revoke !== 'payment.deleted') return []
      return [ended('stopped_by_admin', 'Dashboard', change)]
    default:
      return []
  }
}

function ended(reason: Reason, source: string, change: Change): Said {
  const what = reason === 'other' ? 'declined' : reason
  const truth: Truth = { what, types: ['subscription.ended'], reason }
  return { type: 'payment.deleted', source, truth, data: endData(change) }
}

/** Whether `data` of an end describes the plan that ended, or what is left, is not stated. */
function endData({ readings, before, account }: Change): unknown {
  if (readings.endData === 'empty') return {}
  if (readings.endData === 'before') return before
  return { ...dataOf(account), tier: null, billing_interval: null, billing_end: null }
}

/**
 * "This also fires when users switch plans, because they are cancelling one plan to join another." And: webhooks may be sent
 * "in a different order than the generating events": in both orders, in one second or seconds apart.
 */
function switched(at: number, change: Change): Said[] {
  const { readings, random, data } = change
  const gap = random.pick([0, 0, 1000, 3000])
  const isEndFirst = readings.switchOrder === 'deleted-first'
  const [ofEnd, ofStart] = isEndFirst ? [at, at + gap] : [at + gap, at]
  const same = { what: 'plan_switch', switchId: Math.floor(at) }
  const end: Said = {
    ...{ type: 'payment.deleted', source: readings.switchSource, at: ofEnd },
    truth: { ...same, types: ['subscription.ended'], reason: 'plan_switch' },
    data: endData(change),
  }
  const start: Said = {
    ...{ type: 'payment.created', source: 'user', at: ofStart, data },
    truth: { ...same, types: ['payment.created'], kinds: ['plan_switch'] },
  }
  return isEndFirst ? [end, start] : [start, end]
}

/** "Users … can only choose not to renew", yet "payment.deleted - A user cancels a subscription": what is sent is open. */
function declined({ readings, data }: Change): Said[] {
  const what = 'declined'
  if (readings.decline === 'payment.updated') {
    return [
      {
        type: 'payment.updated',
        source: 'user',
        truth: { what, types: ['payment.updated'] },
        data,
      },
    ]
  }
  if (readings.decline !== 'payment.deleted') return []
  const truth: Truth = { what, types: ['subscription.ended'], reason: 'other' }
  return [{ type: 'payment.deleted', source: 'user', truth, data }]
}
