// `npm run lives` itself: it repeats what a seed says, is written from the documents alone, and has a place for its table.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { arrivalsOf } from '../../lives/network.ts'
import { simulate } from '../../lives/simulate.ts'
import { MARKERS, tableOf } from '../../lives/table.ts'
import { worldOf } from '../../lives/world/world.ts'
import { buildTree } from '../../weather/machine/build.ts'

const ROOT = path.join(import.meta.dirname, '../../..')
const FOLDER = path.join(ROOT, 'test/lives')

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(path.join(FOLDER, name), 'utf8') }))

describe('a world', () => {
  it('has the same lives, arrivals and score each time, and another seed has others', async () => {
    const tree = await buildTree(ROOT)
    const first = await simulate(7, { lives: 20, hotDays: 400 }, tree)
    const second = await simulate(7, { lives: 20, hotDays: 400 }, tree)
    expect(second.story).toEqual(first.story)
    expect(second.score.counts).toEqual(first.score.counts)
    expect(first.score.get('true events')).toBeGreaterThan(50)
    expect(arrivalsOf(worldOf(8, 20))).not.toEqual(arrivalsOf(worldOf(7, 20)))
  })

  it('has what real lives have', () => {
    const worlds = Array.from({ length: 30 }, (_, i) => worldOf(i, 100))
    const happened = new Set(
      worlds.flatMap(({ messages }) => messages.map(({ truth }) => truth.what)),
    )
    for (const what of [
      ...[
        'sign_up',
        'first_purchase',
        'renewal',
        'return',
        'trial',
        'first_charge',
        'migration',
        'grant',
        'revoke',
      ],
      ...[
        'donation',
        'gift',
        'one_time',
        'plan_switch',
        'price_change',
        'renewal_at_new_price',
        'refund',
      ],
      ...['failed_charge', 'newsletters', 'dunning', 'declined', 'stopped_by_admin', 'profile'],
      ...['new_client', 'linked_site', 'status', 'purchase', 'message', 'visit', 'turned_away'],
    ]) {
      expect(happened).toContain(what)
    }
  })
})

describe('the models of the vendors', () => {
  it('import nothing of the relay: they are written from the documents alone', () => {
    expect(files.length).toBeGreaterThan(20)
    for (const { name, text } of files) {
      const imports = [...text.matchAll(/from '([^']+)'/g)].map(([, from]) => `${name}: ${from}`)
      expect(
        imports.filter((line) => /src\//.test(line) && !line.endsWith('src/cli/user-error.ts')),
      ).toEqual([])
    }
  })
})

describe('a webhook of a world', () => {
  const worlds = Array.from({ length: 40 }, (_, i) => worldOf(100 + i, 60))
  const messages = worlds.flatMap((world) => world.messages)
  const folded = (key: string) => key.replaceAll(/[^a-zA-Z0-9]/g, '').toLowerCase()

  // The lists of articles 527 to 532; the type is in some bodies, as nothing says where it is.
  const WHO = ['clientid', 'siteid', 'firstname', 'lastname', 'email', 'phone', 'eventtype']
  const PROFILE = [
    ...['joindate', 'leadsource', 'gender', 'barcodeid', 'address', 'birthdate', 'profileimage'],
    ...['emergencyfirstname', 'emergencylastname', 'emergencyemail', 'emergencyphone'],
    'customproperties',
  ]
  const KEYS: Record<string, string[]> = {
    accountCreated: PROFILE,
    clientUpdated: PROFILE,
    clientStatusChange: ['status', 'activepackages'],
    packagePurchased: ['packagename', 'packagecategory', 'packageid', 'packagetype', 'amount'],
    outboundMessage: [
      'messageid',
      'communicationtype',
      'message',
      'emailto',
      'emailfrom',
      'subject',
    ],
    checkIn: [
      ...['checkintime', 'barcode', 'fobnumber', 'packagename', 'packageid', 'checkinstatus'],
      ...['checkinmessage', 'sessiontype', 'sessionname', 'sessionid', 'sessionstarttime'],
      'sessioninstructor',
    ],
  }

  it.each(Object.keys(KEYS))('of Hapana has no key that its article does not list: %s', (type) => {
    const bodies = messages.filter((one) => one.type === type).map(({ body }) => body.data ?? body)
    expect(bodies.length).toBeGreaterThan(20)
    const keys = new Set(bodies.flatMap((body) => Object.keys(body as object).map(folded)))
    expect([...WHO, ...(KEYS[type] ?? [])]).toEqual(expect.arrayContaining([...keys]))
  })

  it('of Hype has the keys of the example in its article', () => {
    const sample = ['id', 'publisher_id', 'email', 'name', 'type', 'source', 'data', 'version']
    const data = [
      ...['discount_code', 'membership', 'whitelisted', 'tier', 'billing_interval', 'billing_end'],
      ...['recurring', 'total', 'first_payment', 'final_payment', 'trial_end', 'acquisition'],
    ]
    const ofHype = messages.filter(({ vendor }) => vendor === 'hype')
    const payments = ofHype.filter(({ type }) => type.startsWith('payment.'))
    expect(sample).toEqual(
      expect.arrayContaining([...new Set(ofHype.flatMap(({ body }) => Object.keys(body)))]),
    )
    expect(data).toEqual(
      expect.arrayContaining([
        ...new Set(payments.flatMap(({ body }) => Object.keys(body.data as object))),
      ]),
    )
    const types = ['contact.created', 'contact.updated', 'payment.created', 'payment.updated']
    expect([...new Set(ofHype.map(({ type }) => type))].sort()).toEqual(
      [...types, 'payment.deleted'].sort(),
    )
  })

  it('of Hype says Dashboard where an admin acted, and user where a charge renewed', () => {
    const source = (what: string) =>
      new Set(
        messages
          .filter(({ truth, body }) => truth.what === what && body.source !== undefined)
          .map(({ body }) => String(body.source).toLowerCase()),
      )
    for (const what of ['refund', 'grant', 'revoke', 'price_change', 'stopped_by_admin']) {
      expect([what, ...source(what)]).toEqual([what, 'dashboard'])
    }
    for (const what of ['renewal', 'first_purchase', 'renewal_at_new_price', 'migration']) {
      expect([what, ...source(what)]).toEqual([what, 'user'])
    }
  })
})

describe('the table', () => {
  it('has its place in docs/events.md', () => {
    const page = readFileSync(path.join(ROOT, 'docs/events.md'), 'utf8')
    const [begin, end] = MARKERS.map((marker) => page.indexOf(marker))
    expect(begin).toBeGreaterThan(0)
    expect(end).toBeGreaterThan(begin ?? 0)
  })

  it('has a row for each claim, with how often it is right', () => {
    const counts = {
      ...{
        'claim|kind|renewal|strong|right|renewal': 199,
        'claim|kind|renewal|strong|wrong|gift': 1,
      },
      'claim|reason|dunning|likely|right|dunning': 3,
    }
    const rows = tableOf(counts)
    expect(rows).toContain('| `payment.kind` `renewal` | 99.5 % of 200 |  |')
    expect(rows).toContain('| `reason` `dunning` |  | 100 % of 3 |')
  })
})
