import { describe, expect, it } from 'vitest'
import { slack } from '../../src/formats/slack.ts'
import { anEvent } from '../core/builders.ts'

const textOf = (overrides: object) => JSON.parse(slack.render(anEvent(overrides)).body).text

describe('slack', () => {
  const contact = { full_name: 'Ana Silva', email: 'ana@example.com' }
  const amount = { value: '49.00', unit: 'unspecified', currency: 'AUD' }
  const end = '_(hapana, 2026-11-21T00:00:00Z)_'

  it.each([
    ['contact.created', {}, `*Contact created*: Ana Silva, ana@example.com ${end}`],
    [
      'purchase.completed',
      { purchase: { package: { name: '10 Pass' }, amount } },
      `*Purchase completed*: Ana Silva, ana@example.com · 10 Pass · 49.00 AUD ${end}`,
    ],
    [
      'payment.created',
      { subscription: { tier: 'Gold', total_paid_amount: { ...amount, currency: null } } },
      `*Payment created*: Ana Silva, ana@example.com · Gold · 49.00 paid in total ${end}`,
    ],
    [
      'subscription.ended',
      { subscription: { tier: null }, reason: 'dunning' },
      `*Subscription ended*: Ana Silva, ana@example.com · reason: dunning ${end}`,
    ],
    [
      'subscription.plan_changed',
      { previous_subscription: { tier: 'Gold' }, subscription: { tier: 'Platinum' } },
      `*Subscription plan changed*: Ana Silva, ana@example.com · Gold → Platinum ${end}`,
    ],
    [
      'subscription.corrected',
      {
        corrects: 'evt_1',
        was: { type: 'subscription.ended', reason: 'unknown' },
        is: { type: 'subscription.ended', reason: 'plan_switch' },
      },
      `*Subscription corrected*: Ana Silva, ana@example.com · not subscription.ended (unknown), but subscription.ended (plan_switch) · evt_1 ${end}`,
    ],
    [
      'membership.status_changed',
      { membership: { status: 'active', status_raw: 'activePackage' } },
      `*Membership status changed*: Ana Silva, ana@example.com · activePackage ${end}`,
    ],
    [
      'checkin.rejected',
      { checkin: { status: 'invalid', session: { name: 'Yoga' }, message: 'no pass' } },
      `*Checkin rejected*: Ana Silva, ana@example.com · Yoga · no pass ${end}`,
    ],
    [
      'message.sent',
      { message: { channel: 'email', subject: 'Hi', body: 'secret' } },
      `*Message sent*: Ana Silva, ana@example.com · email · Hi ${end}`,
    ],
  ])('writes a line for %s', (type, data, text) => {
    expect(textOf({ type, data: { contact, ...data } })).toBe(text)
  })

  it.each([
    [{ given_name: 'Ana', family_name: 'Silva' }, 'Ana Silva'],
    [{ email: 'ana@example.com' }, 'ana@example.com'],
    [{ vendor_id: 'C1' }, 'contact C1'],
    [{}, 'contact unknown'],
  ])('names the contact %j as %s', (contact, who) => {
    expect(textOf({ data: { contact } })).toBe(`*Contact created*: ${who} ${end}`)
  })

  it('escapes the characters that Slack reads as control characters', () => {
    const name = '<!channel> & <https://evil.example|click> &amp;'

    expect(textOf({ relaysource: 'a', data: { contact: { full_name: name } } })).toBe(
      '*Contact created*: &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt; &amp;amp; _(a, 2026-11-21T00:00:00Z)_',
    )
  })

  it.each([
    ['a line feed', 'Ana\n*Payment failed*: Eve', 'Ana *Payment failed*: Eve'],
    ['other breaks', 'Ana\r\nB\u2028C\u2029D\u0085E\vF\0G', 'Ana B C D E F G'],
    ['writing directions', 'Ana \u202eavliS\u202c \u2067x\u2069\u200f', 'Ana avliS x'],
    ['an accent, a family and Hebrew', 'Zoë 👨‍👩‍👧 דנה', 'Zoë 👨‍👩‍👧 דנה'],
  ])('is one line, in its order, where a name has %s', (_what, full_name, shown) => {
    const text = textOf({ data: { contact: { full_name } } })

    expect(text).toBe(`*Contact created*: ${shown} ${end}`)
  })

  it('says what needs attention in its own words', () => {
    const words = 'The cron is late.'
    const data = { cause: 'cron_late', about: 'relay', name: null, words, opened_at: 'now' }

    expect(textOf({ type: 'relay.issue_opened', relaysource: 'relay', data })).toBe(
      '*Relay issue opened*: The cron is late. _(relay, 2026-11-21T00:00:00Z)_',
    )
  })

  it('marks a test event', () => {
    expect(textOf({ test: true })).toContain('*Contact created* (test): ')
  })

  it('contains no sensitive field even if the event does', () => {
    const sensitive = {
      birth_date: 'S1',
      gender: 'S1',
      address: 'S1',
      emergency_contact: { phone: 'S1' },
    }
    const text = textOf({
      type: 'message.sent',
      data: {
        contact: { full_name: 'Ana', ...sensitive },
        message: { channel: 'sms', body: 'S1' },
        extra: { notes: 'S1' },
      },
    })

    expect(text).toBe('*Message sent*: Ana · sms _(hapana, 2026-11-21T00:00:00Z)_')
  })
})
