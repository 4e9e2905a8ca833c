// One line of text for Slack's incoming webhooks (https://docs.slack.dev/messaging/formatting-message-text).
import { JSON_TYPE } from '../core/deliveries/delivery.ts'
import type { Amount } from '../core/events/amount.ts'
import type { MembershipEvent, RelayEvent } from '../core/events/event.ts'
import { isSystemEvent, type SystemEvent } from '../core/events/system-event.ts'
import type { Format } from './format.ts'

export const slack = {
  id: 'slack',
  needsRaw: false,
  render: (event) => ({
    contentType: JSON_TYPE,
    body: JSON.stringify({ text: line(event) }),
  }),
} satisfies Format

function line(event: RelayEvent): string {
  const title = event.type.replaceAll(/[._]/g, ' ')
  const heading = `*${title.charAt(0).toUpperCase()}${title.slice(1)}*${event.test ? ' (test)' : ''}`
  const facts = (
    isSystemEvent(event) ? dataFacts(event) : [contactName(event), ...typeFacts(event)]
  )
    .filter((fact) => fact !== undefined)
    .map(escapeText)
  return `${heading}: ${facts.join(' · ')} _(${escapeText(event.relaysource)}, ${event.time})_`
}

function dataFacts({ data }: SystemEvent): string[] {
  if ('words' in data) return [data.words]
  return Object.entries(data)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key.replaceAll('_', ' ')}: ${value}`)
}

function contactName({ data }: MembershipEvent): string {
  const { full_name, given_name, family_name, email, vendor_id } = data.contact
  const name = full_name ?? [given_name, family_name].filter(Boolean).join(' ')
  return [name, email].filter(Boolean).join(', ') || `contact ${vendor_id ?? 'unknown'}`
}

function typeFacts(event: MembershipEvent): (string | undefined)[] {
  switch (event.type) {
    case 'membership.status_changed':
      return [event.data.membership.status_raw]
    case 'purchase.completed':
      return [event.data.purchase.package.name, money(event.data.purchase.amount)]
    case 'checkin.recorded':
    case 'checkin.rejected':
      return [event.data.checkin.session?.name, event.data.checkin.message]
    case 'message.sent':
      return [event.data.message.channel, event.data.message.subject]
    case 'subscription.ended':
      return [event.data.subscription?.tier ?? undefined, `reason: ${event.data.reason}`]
    case 'payment.created':
    case 'payment.refunded':
    case 'payment.failed':
    case 'payment.updated': {
      const total = money(event.data.subscription?.total_paid_amount)
      return [event.data.subscription?.tier ?? undefined, total && `${total} paid in total`]
    }
    case 'subscription.plan_changed': {
      const { previous_subscription: previous, subscription } = event.data
      return [`${previous?.tier ?? 'another plan'} → ${subscription?.tier ?? 'another plan'}`]
    }
    case 'subscription.corrected':
    case 'payment.corrected': {
      const [was, is] = [event.data.was, event.data.is].map(
        ({ type, reason }) => `${type}${reason === undefined ? '' : ` (${reason})`}`,
      )
      return [`not ${was}, but ${is}`, event.data.corrects]
    }
    default:
      return []
  }
}

function money(amount: Amount | null | undefined): string | undefined {
  if (!amount) return undefined
  return amount.currency === null ? amount.value : `${amount.value} ${amount.currency}`
}

/** Escapes Slack's three control characters. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
