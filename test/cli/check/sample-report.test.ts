// `npm run check -- --sample`: what each target of a configuration would get.
import { describe, expect, it, vi } from 'vitest'
import { checkConfig } from '../../../src/cli/check/configuration.ts'
import { showSamples } from '../../../src/cli/check/sample-report.ts'
import { EVENT_DATA } from '../../../src/core/events/vocabulary.ts'
import { aProject, command } from '../project.ts'

const NOW = Date.parse('2026-11-21T00:00:00Z')
const SOURCES = [
  { name: 'hapana', vendor: 'hapana', secret: 'A', currency: 'AUD' },
  { name: 'hype', vendor: 'hype', secret: 'B' },
]
const URL = 'https://crm.example'

function show(targets: object[], wanted: { type?: string; target?: string } = {}) {
  const all = targets.map((target, i) => ({ name: `t${i}`, url: URL, ...target }))
  const config = checkConfig({ SOURCES, TARGETS: all })
  return showSamples(config, { type: wanted.type, target: wanted.target }, NOW)
}

describe('the samples', () => {
  it('exist for each type of the vocabulary', async () => {
    const { text, failures } = await show([{}])

    const types = new Set([...text.matchAll(/^(\S+) {2}from /gm)].map(([, type]) => type))
    expect([...types].sort()).toEqual(Object.keys(EVENT_DATA).sort())
    expect(failures).toBe(0)
  })

  it('of a status have one package, none, and two', async () => {
    const transform = '{ "names": [data.membership.packages.name] }'

    const { text } = await show([{ transform }], { type: 'membership.status_changed' })

    expect(text.match(/^\S+ {2}from .*$/gm)).toEqual([
      'membership.status_changed  from hapana: active with one package',
      'membership.status_changed  from hapana: inactive without a package',
      'membership.status_changed  from hapana: active with two packages',
    ])
    const bodies = text.split(/^\S+ {2}from .*$/m).slice(1)
    const names = bodies.map((body) =>
      [...body.matchAll(/^ {6,}"([^"]+)",?$/gm)].map(([, name]) => name),
    )
    expect(names).toEqual([['Unlimited'], [], ['Unlimited', 'Off-Peak']])
  })

  it('of one type tell each other apart', async () => {
    const { text } = await show([{}])

    const titles = text.match(/^\S+ {2}from .*$/gm) ?? []
    expect(titles).toHaveLength(new Set(titles).size)
  })

  it('come from the vendors that have a source', async () => {
    const config = checkConfig({ SOURCES: SOURCES.slice(1), TARGETS: [{ name: 'crm', url: URL }] })

    const { text } = await showSamples(config, { type: undefined, target: undefined }, NOW)

    expect(text).toContain('payment.created  from hype')
    expect(text).not.toContain('from hapana')
  })

  it('say whose time zones they were made with, where a source has one', async () => {
    const { text: without } = await show([{}])
    const zoned = SOURCES.map((source) => ({
      ...source,
      sites: { s1: { timezone: 'America/Winnipeg' } },
    }))
    const config = checkConfig({ SOURCES: zoned, TARGETS: [{ name: 'crm', url: URL }] })
    const { text } = await showSamples(config, { type: undefined, target: undefined }, NOW)

    expect(without).not.toContain('tzdata')
    expect(text).toContain(`the time zones of this Node (tzdata ${process.versions.tz})`)
    expect(text).toContain('The Worker has those of Cloudflare')
  })

  it('use the currency of their source', async () => {
    const { text } = await show([{ transform: 'data.purchase.amount' }], {
      type: 'purchase.completed',
    })

    expect(text).toContain('"currency": "AUD"')
  })

  it('leave out the fields that a target does not include', async () => {
    const { text } = await show(
      [{ transform: 'data.contact' }, { transform: 'data.contact', include: ['birth_date'] }],
      { type: 'contact.updated' },
    )

    const [without, asked] = text.split('t1:')
    expect(without).not.toContain('1990-04-12')
    expect(asked).toContain('"birth_date": "1990-04-12"')
    expect(text).not.toContain('Example Street')
  })
})

describe('a target', () => {
  it.each([
    [{ events: ['contact.*'] }, 't0: not sent: does not match "events"'],
    [{ sources: ['hapana'] }, 't0: not sent: does not match "sources"'],
    [{ where: 'data.actor = "system"' }, 't0: not sent: does not match "where"'],
    [{ where: 'data.actor > 1' }, 't0: "where" fails: '],
    [{ where: 'data.actor > 1' }, '(T2009 at position 12)'],
    [
      { transform: 'data.nothing' },
      't0: "transform" fails: the transform returned nothing for this event',
    ],
    [
      { transform: '$pad("x", 999999999)' },
      't0: "transform" fails: the expression creates a value of more than',
    ],
    [{ enabled: false }, 'held until the target is enabled'],
    [{ format: 'yaml' }, 't0: held until the configuration of the target is fixed'],
    [{ format: 'slack' }, '*Payment created*: Ana Silva, ana.silva@example.com'],
    [{ format: 'raw' }, '"billing_interval": "Monthly"'],
    [{ transform: '{"n": data.contact.full_name}' }, '"n": "Ana Silva"'],
    [
      { headers: { 'X-Key': 'v4lue' }, secret: 'S' },
      'relay-attempt, relay-hops, webhook-signature, x-key',
    ],
  ])('with %j and a payment: %s', async (target, expected) => {
    const { text, failures } = await show([target], { type: 'payment.created' })

    expect(text).toContain(expected)
    expect(text).not.toContain('v4lue')
    expect(failures).toBe(/"(where|transform)" fails/.test(text) ? 1 : 0)
  })

  it('with a very long body is shown in part', async () => {
    const { text } = await show([{ transform: '[1..4000].{"n": $}' }], { type: 'payment.created' })

    expect(text.split('\n').length).toBeLessThan(100)
    expect(text).toContain('more lines')
  })

  it('cannot send control characters to the terminal', async () => {
    const { text } = await show([{ transform: '"a\\u001b[2Jb"' }], { type: 'payment.created' })

    expect(text).not.toContain('\u001b')
  })
})

describe('npm run check', () => {
  async function check(change: (toml: string) => string, ...args: string[]) {
    const project = aProject(change)
    try {
      return await command(project.dir, 'check', ...args)
    } finally {
      project.remove()
    }
  }
  const withWhere = (toml: string) =>
    toml.replace('secret = "EXAMPLE_SIGNING_SECRET"', 'where = "data.actor > 1"')

  it('shows one type for one target when they are named', async () => {
    const args = ['--sample', 'payment.failed', '--target', 'example']

    const { status, output } = await check((toml) => toml, ...args)

    expect(status).toBe(0)
    expect(output).toMatch(/^payment\.failed {2}from hype$/m)
    expect(output).toContain('"total_unchanged"')
    expect(output).not.toContain('payment.created  from')
  })

  it('evaluates expressions in UTC, as the Worker does, wherever it runs', async () => {
    vi.stubEnv('TZ', 'Australia/Sydney')
    const withTransform = (toml: string) =>
      toml.replace(
        'secret = "EXAMPLE_SIGNING_SECRET"',
        `transform = '{ "at": $fromMillis($toMillis("2026-11-21T10:00:00")) }'`,
      )

    const { output } = await check(withTransform, '--sample', 'payment.created').finally(() =>
      vi.unstubAllEnvs(),
    )

    expect(output).toContain('"at": "2026-11-21T10:00:00.000Z"')
  })

  it('fails when an expression fails', async () => {
    expect(await check(withWhere, '--sample=payment.created')).toMatchObject({ status: 1 })
    expect(await check(withWhere)).toMatchObject({ status: 0 })
  })

  it.each([
    [
      ['--sample', 'payment.craeted'],
      'There is no sample of event type "payment.craeted". Available types: contact',
    ],
    [['--sample', '--target', 'cmr'], 'wrangler.toml has no target "cmr".'],
    [['payment.created'], 'error: too many arguments'],
    [['--target', 'example'], '--target needs --sample.'],
  ])('gives an error for %j', async (args, expected) => {
    const { status, output } = await check((toml) => toml, ...args)

    expect(status).toBe(1)
    expect(output).toContain(expected)
  })
})
