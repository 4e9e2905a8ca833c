// Quarantine, people, the simulator and the set-up in the console.
import { env } from 'cloudflare:test'
import { beforeEach, describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import { getEvent } from '../../../src/store/events/events.ts'
import { aConfig, aPayment, aStatusChange, NOW, stored } from '../../builders.ts'
import { actsOf, anOperator, emptyLog } from './visitor.ts'

const config = aConfig({ name: 'crm' })
const recordedActs = async () => (await actsOf()).map(({ act, on }) => `${act}: ${on}`)

beforeEach(emptyLog)

describe('the quarantine', () => {
  const nonsense = { type: 'refund.created' }

  it('reports that it is empty', async () => {
    const { text } = await (await anOperator({ config })).open('/console/quarantine')

    expect(text).toContain('The quarantine is empty')
  })

  it('groups messages by cause, previews a release, and dismisses with a reason', async () => {
    const ids = [
      await stored(config, 'hype', { ...nonsense, a: 1 }, { now: NOW - 2000 }),
      await stored(config, 'hype', { ...nonsense, a: 2 }, { now: NOW - 1000 }),
    ]
    const operator = await anOperator({ config })
    const { html, text } = await operator.open('/console/quarantine')
    const cause = /name="cause" value="([^"]*)"/.exec(html)?.[1] ?? ''
    expect(text).toContain('2 messages from hype')
    expect(text).toContain('Unknown event type "refund.created"')
    for (const id of ids) expect(text).toContain(id)

    const fields = {
      source: 'hype',
      cause,
      vendortype: /name="vendortype" value="([^"]*)"/.exec(html)?.[1] ?? '',
    }
    const plan = await operator.send('/console/quarantine/plan', fields)
    expect(plan.text).toContain(
      '0 messages would be released (0 deliveries); 2 still not understood.',
    )
    expect(plan.html).not.toContain('action="/console/quarantine/release"')

    const done = await operator.send('/console/quarantine/dismiss', {
      ...fields,
      reason: 'a test of theirs',
    })
    expect(done.text).toContain(
      '2 messages dismissed; they stay in the log. The quarantine is empty',
    )
    expect(await recordedActs()).toEqual(['dismissed from quarantine: 2 messages'])
  })

  it('releases messages that the mapping understands now', async () => {
    const id = await stored(config, 'hype', aPayment())
    const issues = JSON.stringify([{ path: 'type', message: 'was not known' }])
    await env.DB.prepare("UPDATE events SET status = 'quarantined', issues = ?1, event = NULL")
      .bind(issues)
      .run()
    const operator = await anOperator({ config })
    const fields = { source: 'hype', cause: 'type: was not known' }
    const plan = await operator.send('/console/quarantine/plan', fields)
    expect(plan.text).toContain('1 message would be released (1 delivery)')
    expect((await getEvent(env, id))?.status).toBe('quarantined')

    const done = await operator.send('/console/quarantine/release', fields)
    expect(done.text).toContain('1 message released')
    expect((await getEvent(env, id))?.status).toBe('accepted')
    expect(await recordedActs()).toEqual(['released from quarantine: 1 message'])
  })
})

describe('people', () => {
  const email = 'ana.silva@example.com'
  const ofBoth = async () => {
    await stored(
      config,
      'hapana',
      { ...aStatusChange({ clientID: 'client-a' }), email },
      { now: NOW - 2000 },
    )
    await stored(config, 'hype', aPayment({ id: 'contact-a', email }), { now: NOW - 1000 })
  }
  const find = async (operator: Awaited<ReturnType<typeof anOperator>>, who: string) =>
    operator.send('/console/find', { who, from: '/console/people' })

  it('have an address that joins nobody: the page says so', async () => {
    const desk = 'info@gym.example'
    for (let i = 0; i < 6; i++) {
      await stored(config, 'hapana', { ...aStatusChange(), email: desk }, { now: NOW - i })
    }
    await stored(config, 'hapana', { ...aStatusChange({ clientID: 'own' }), email })
    const operator = await anOperator({ config })
    await stored(config, 'hapana', { ...aStatusChange({ clientID: 'desk' }), email: desk })

    expect((await find(operator, 'desk')).text).toContain('i•••@gym.example joins nobody')
    expect((await find(operator, 'own')).text).not.toContain('joins nobody')
  })

  it('are found by address or contact id, with a timeline across vendors; addresses are masked until they are requested', async () => {
    await ofBoth()
    const operator = await anOperator({ config })
    const page = await find(operator, email)

    expect(page.url).toMatch(/^\/console\/people\/per_\w{13}$/)
    expect((await find(operator, 'client-a')).url).toBe(page.url)
    expect(page.text).toContain('a•••@example.com')
    expect(page.html.replaceAll(/<input[^>]*>/g, '')).not.toContain(email)
    expect(page.text).toMatch(
      /hapana membership\.status_changed accepted crm pending .*hype payment\.created accepted crm pending/,
    )
    expect((await operator.open(`${page.url}?personal=show`)).text).toContain(email)
  })

  it('have a note if there are more of them than a page shows', async () => {
    const contacts = Array.from({ length: 21 }, (_, i) => ({ id: `contact-of-many-${i}`, email }))
    await stored(config, 'hype', aPayment(contacts[0]), { now: NOW - 1000 })
    const operator = await anOperator({ config })
    expect((await find(operator, email)).text).not.toContain('These are the first')

    for (const contact of contacts.slice(1)) await stored(config, 'hype', aPayment(contact))
    await env.DB.prepare(
      'UPDATE contacts SET person = person + CAST(substr(contact, 17) AS INTEGER)',
    ).run()
    expect((await find(operator, email)).text).toContain(
      'These are the first 20 matches. Find the others by contact ID.',
    )
  })

  it('are split and merged, and the log has the acts and their operator', async () => {
    await ofBoth()
    const operator = await anOperator({ config })
    const { url } = await find(operator, email)
    const split = await operator.send(`${url}/split`, { source: 'hype', contact: 'contact-a' })
    expect(split.url).not.toBe(url)
    expect(split.text).toContain('This contact is now a person of its own, not per_')
    const both = await find(operator, email)
    expect(both.url).toMatch(/^\/console\/people\?found=per_\w+%2Cper_\w+$/)
    expect(both.text).toContain('a•••@example.com')

    const [, other = ''] = /(per_\w+)$/.exec(split.url) ?? []
    const merged = await operator.send(`${url}/merge`, { person: other })
    expect(merged.text).toContain(`The contacts of ${other} now belong to this person.`)
    expect((await operator.open(split.url)).url).toBe(url)
    expect(await recordedActs()).toEqual([
      expect.stringMatching(/^merged people: per_/),
      expect.stringMatching(/^split a person: per_/),
    ])
  })

  it('who do not exist are not found', async () => {
    const operator = await anOperator({ config })

    expect(await operator.open('/console/people/per_0000000000000')).toMatchObject({ status: 404 })
    expect((await find(operator, 'nobody')).text).toContain(
      'No match for "nobody". Search by full e-mail address, contact ID, evt_… or per_…',
    )
  })
})

describe('the simulator', () => {
  it('sends one message and shows its event', async () => {
    const page = await (await anOperator({ config })).send('/console/simulate', {
      source: 'hype',
      type: 'payment.created',
      email: 'sim@example.com',
    })

    expect(page.url).toMatch(/^\/console\/events\/evt_/)
    expect(page.text).toContain('The message was sent. This is its event.')
    expect(page.text).toContain('"email": "sim@example.com"')
    expect(page.text).toContain('test yes the sender marked it as a test')
    expect(page.html).toContain('id="deliveries" hx-get=')
    expect(await recordedActs()).toEqual(['simulated messages: 1 message to hype'])
  })

  it('sends a journey, page by page', async () => {
    const operator = await anOperator({ config })
    const first = await operator.send('/console/simulate', {
      source: 'hapana',
      members: '4',
      seed: 'one',
      duplicates: 'true',
    })
    const fields = Object.fromEntries(
      [...first.html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)].map(
        ([, name, value]) => [name, value],
      ),
    )
    expect(first.text).toMatch(/20 of \d+ messages sent to hapana, seed one/)
    expect(fields).toMatchObject({
      source: 'hapana',
      members: '4',
      seed: 'one',
      duplicates: 'true',
      offset: '20',
    })
    const second = await operator.send('/console/simulate', fields)
    expect(second.text).toMatch(/(4\d|3\d) of \d+ messages sent to hapana, seed one/)
  })

  it.each([
    [
      { source: 'nobody', type: 'payment.created' },
      'There is no source "nobody", or it is disabled.',
    ],
    [{ source: 'hype', type: 'refund' }, '"refund" is not an event type of hype.'],
    [{ source: 'hype', members: '1000' }, '"Members" must be at most 100.'],
  ])('explains the error in %j', async (fields, words) => {
    expect((await (await anOperator({ config })).send('/console/simulate', fields)).text).toContain(
      words,
    )
  })
})

describe('the set-up', () => {
  it('shows ingest URLs without their secrets, the texts for the vendors, and how to verify in four languages', async () => {
    const safe = { ...config, weak: [] }
    const { text, html } = await (await anOperator({ config: safe })).open('/console/set-up')

    expect(text).toContain('https://relay.example/in/hype?key=SECRET')
    expect(text).toContain('checkIn https://relay.example/in/hapana?event=checkIn')
    expect(text).toContain('x-relay-key: SECRET')
    expect(text).toContain('No errors.')
    for (const language of ['TypeScript', 'Python', 'Go', 'PHP'])
      expect(html).toContain(`<summary>${language}</summary>`)
    expect(html).not.toMatch(/(hype|hapana) secret|whsec_\w/)
  })

  it('shows the errors of the configuration, in the words of npm run check', async () => {
    const broken = parseConfig(
      {
        SOURCES: [{ name: 'hype', vendor: 'hype', secret: 'MISSING' }],
        TARGETS: [{ name: 'crm', url: 'http://crm.example/' }],
      },
      () => undefined,
    )
    const { text } = await (await anOperator({ config: broken })).open('/console/set-up')

    expect(text).toContain('SOURCES[0].secret')
    expect(text).toContain('TARGETS[0].url: must be https')
    expect(text).toContain('crm broken')
  })

  it('shows secrets that are easy to guess, while their sources go on', async () => {
    const { text } = await (await anOperator({ config })).open('/console/set-up')

    expect(text).toContain('SOURCES[1].secret: HYPE_SECRET is easy to guess')
    expect(text).toContain('hype active')
  })
})
