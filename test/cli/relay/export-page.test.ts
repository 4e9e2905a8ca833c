// The page of `people export`: all that is stored, as text, in a file that loads nothing.
import { expect, it } from 'vitest'
import { personPage } from '../../../src/cli/relay/export/page.ts'
import type { PersonExport } from '../../../src/cli/relay/export/person.ts'

const all = {
  exported_at: '2026-12-01T10:00:00.000Z',
  person: {
    id: 'per_38fz9hg5sspfh',
    contacts: [{ source: 'hype', contact: '<c-1>', email: 'ana@example.com', sites: [] }],
  },
  events: [
    {
      type: 'payment.created',
      source: 'hype',
      receivedat: '2026-11-30T09:00:00.000Z',
      event: {
        time: '2026-11-30T08:00:00.000Z',
        data: { contact: { given_name: 'Ana <script>' } },
      },
      raw: { text: '{"name":"Ana & Co"}', headers: { 'user-agent': 'Hype' } },
      deliveries: [
        { target: 'crm', state: 'delivered', attempts: [{ at: '2026-11-30T09:00:01.000Z' }] },
      ],
    },
    {
      type: 'vendor.unrecognized',
      source: 'hype',
      receivedat: '2026-11-30T09:00:00.000Z',
      event: null,
      raw: { text: null, headers: {} },
      deliveries: [],
    },
  ],
} as unknown as PersonExport

it('has every contact, event, delivery and received byte, and no markup of theirs', () => {
  const page = personPage(all)

  for (const text of [
    '&lt;c-1&gt;',
    'Ana &lt;script&gt;',
    '{&quot;name&quot;:&quot;Ana &amp; Co&quot;}',
    'crm',
    'Hype',
    '2026-11-30 08:00:00 UTC',
    'No longer stored.',
  ]) {
    expect(page).toContain(text)
  }
  expect(page).not.toContain('<script')
})

it('loads nothing', () => {
  expect(personPage(all)).toContain("default-src 'none'")
  expect(personPage(all)).not.toMatch(/(src|href)=|url\(|@import/)
})
