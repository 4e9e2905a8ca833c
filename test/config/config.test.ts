// SOURCES, the tables in variables, and the other variables. TARGETS: targets.test.ts.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isBrokenSource, parseConfig, secretNames } from '../../src/config.ts'

const SECRETS: Record<string, string> = {
  HYPE: 'the-secret-of-hype',
  OLD: 'the-old-secret-of-it',
  NEW: 'the-new-secret-of-it',
}
const read = (vars: Record<string, unknown>) => parseConfig(vars, (name) => SECRETS[name])
const HYPE = { name: 'hype', vendor: 'hype', secret: 'HYPE' }
const TABLES = 'must be a list of tables, or JSON text of such a list'

const TIMEZONE = 'must be UTC, or an IANA time zone with a / such as Australia/Sydney'

describe('a source', () => {
  it('has defaults for all but its name, vendor and secret', () => {
    const { sources, errors, notes } = read({ SOURCES: [HYPE] })

    expect([errors, notes]).toEqual([[], []])
    expect([...sources.values()]).toEqual([
      {
        name: 'hype',
        vendor: 'hype',
        credentials: {
          secrets: [SECRETS.HYPE],
          header: undefined,
          signingSecrets: [],
          toleranceSeconds: 300,
        },
        settings: { timezone: undefined, currency: undefined, dateFormat: undefined, sites: {} },
      },
    ])
  })

  it('accepts every key', () => {
    const { sources, errors } = read({
      SOURCES: [
        {
          name: 'Gym_1-a',
          vendor: 'hapana',
          secret: ['OLD', 'NEW'],
          header: 'X-Relay-Key',
          signing_secret: ['NEW', 'OLD'],
          tolerance_seconds: 60,
          timezone: 'Australia/Sydney',
          currency: 'AUD',
          date_format: 'DD/MM/YYYY',
          sites: {
            'a=b/c': { timezone: 'Europe/Lisbon', currency: 'EUR', date_format: 'MM/DD/YYYY' },
          },
          enabled: true,
        },
      ],
    })

    expect(errors).toEqual([])
    expect(sources.get('Gym_1-a')).toEqual({
      name: 'Gym_1-a',
      vendor: 'hapana',
      credentials: {
        secrets: [SECRETS.OLD, SECRETS.NEW],
        header: 'X-Relay-Key',
        signingSecrets: [SECRETS.NEW, SECRETS.OLD],
        toleranceSeconds: 60,
      },
      settings: {
        timezone: 'Australia/Sydney',
        currency: 'AUD',
        dateFormat: 'DD/MM/YYYY',
        sites: {
          'a=b/c': { timezone: 'Europe/Lisbon', currency: 'EUR', dateFormat: 'MM/DD/YYYY' },
        },
      },
    })
  })

  it('does not exist while it is disabled, and then needs no secret', () => {
    const config = read({ SOURCES: [{ ...HYPE, secret: 'UNSET', enabled: false }] })

    expect(config.sources.size).toBe(0)
    expect(config.errors).toEqual([])
  })

  const SECRET_NAME =
    'must be the name of a secret, in capitals, such as CRM_SIGNING_SECRET; never its value'
  it.each([
    [{ name: undefined }, 'name', 'is missing'],
    [{ name: 7 }, 'name', 'must be a string'],
    [
      { name: 'a b' },
      'name',
      'must be 1 to 64 letters, digits, - and _, starting with a letter or digit',
    ],
    [
      { name: 'a'.repeat(65) },
      'name',
      'must be 1 to 64 letters, digits, - and _, starting with a letter or digit',
    ],
    [{ vendor: undefined }, 'vendor', 'is missing'],
    [{ vendor: 'mindbody' }, 'vendor', 'must be hapana or hype'],
    [{ vendor: 'constructor' }, 'vendor', 'must be hapana or hype'],
    [
      { secret: undefined },
      'secret',
      'is missing: set the name of the Worker secret that authenticates the sender',
    ],
    [
      { secret: [] },
      'secret',
      'is missing: set the name of the Worker secret that authenticates the sender',
    ],
    [{ secret: 'a-b' }, 'secret', SECRET_NAME],
    [{ secret: 7 }, 'secret', 'must be a string or a list of strings'],
    [{ secret: 'UNSET' }, 'secret', 'UNSET is not set: run "npx wrangler secret put UNSET"'],
    [{ header: 'x key' }, 'header', 'must be a header name'],
    [
      { signing_secret: 'HYPE' },
      'signing_secret',
      'cannot be used: this vendor does not sign its webhooks',
    ],
    [{ tolerance_seconds: 0 }, 'tolerance_seconds', 'must be at least 1 s'],
    [{ tolerance_seconds: '300' }, 'tolerance_seconds', 'must be a number of seconds'],
    [{ timezone: 'AEST+10' }, 'timezone', TIMEZONE],
    [{ currency: 'aud' }, 'currency', 'must be an ISO 4217 code such as AUD'],
    [{ date_format: 'YYYY-MM-DD' }, 'date_format', 'must be DD/MM/YYYY or MM/DD/YYYY'],
    [{ sites: { s1: { timezone: 'x' } } }, 'sites.s1.timezone', TIMEZONE],
    [
      { sites: { s1: { timezon: 'x' } } },
      'sites.s1.timezon',
      'unknown setting; did you mean timezone?',
    ],
    [{ sites: { s1: 7 } }, 'sites.s1', 'must be a table'],
    [{ enabled: 'yes' }, 'enabled', 'must be true or false'],
    [{ secrets: 'HYPE' }, 'secrets', 'unknown setting; did you mean secret?'],
  ])('with %j is refused, naming the path and the remedy', (overrides, key, message) => {
    const table = Object.fromEntries(
      Object.entries({ ...HYPE, ...overrides }).filter(([, value]) => value !== undefined),
    )

    const { errors } = read({ SOURCES: [{ ...HYPE, name: 'first' }, table] })

    expect(errors).toEqual([{ path: `SOURCES[1].${key}`, message }])
  })

  it('with an error is broken, with the reason, and no other source is', () => {
    const { sources } = read({ SOURCES: [HYPE, { ...HYPE, name: 'b', secret: 'UNSET' }] })

    const first = sources.get('hype')
    expect(first && isBrokenSource(first)).toBe(false)
    expect(sources.get('b')).toEqual({
      name: 'b',
      broken: 'SOURCES[1].secret: UNSET is not set: run "npx wrangler secret put UNSET"',
    })
  })

  it('with a name that is already used is ignored', () => {
    const { sources, errors } = read({ SOURCES: [HYPE, { ...HYPE, vendor: 'hapana' }] })

    expect(sources.get('hype')).toMatchObject({ vendor: 'hype' })
    expect(errors).toEqual([
      { path: 'SOURCES[1].name', message: 'is already used above; choose another name' },
    ])
  })

  it('is broken if one of several secrets is not set', () => {
    const { sources } = read({ SOURCES: [{ ...HYPE, secret: ['HYPE', 'UNSET'] }] })

    expect(sources.get('hype')).toHaveProperty('broken')
  })
})

describe('the tables', () => {
  it('are the same as JSON text', () => {
    expect(read({ SOURCES: JSON.stringify([HYPE]) })).toEqual(read({ SOURCES: [HYPE] }))
  })

  it.each([undefined, '', [], '[]'])('may be missing: %j', (SOURCES) => {
    const { sources, targets, errors } = read({ SOURCES, TARGETS: SOURCES })

    expect([sources.size, targets, errors]).toEqual([0, [], []])
  })

  it.each([null, 7, true, {}, '{', '{}', '7', 'name = "x"', '"[]"'])(
    'are refused if they are %j',
    (SOURCES) => {
      expect(read({ SOURCES }).errors).toEqual([{ path: 'SOURCES', message: TABLES }])
    },
  )

  it.each([null, 7, 'x', true])('must contain tables, not %j', (table) => {
    expect(read({ SOURCES: [table] }).errors).toEqual([
      { path: 'SOURCES[0]', message: 'must be a table' },
    ])
  })
})

describe('MAX_BODY_BYTES', () => {
  it.each([
    [undefined, 900_000],
    ['', 900_000],
    [1, 1],
    [500_000, 500_000],
    ['500000', 500_000],
    [950_000, 950_000],
  ])('of %j is %d', (MAX_BODY_BYTES, bytes) => {
    expect(read({ MAX_BODY_BYTES })).toMatchObject({ maxBodyBytes: bytes, errors: [] })
  })

  // `Number(value)` would read true as 1 and [5] as 5, and throw for the last row.
  it.each<{ value: unknown }>(
    [0, -1, 1.5, 950_001, '1 MB', null, {}, [], true, [5], { toString: 1, valueOf: 1 }].map(
      (value) => ({ value }),
    ),
  )(
    'of $value is refused, and the largest used: no body is refused for it',
    ({ value: MAX_BODY_BYTES }) => {
      const message =
        'must be a whole number of bytes from 1 to 950000; the largest, 950000, is used'

      const { maxBodyBytes, errors } = read({ MAX_BODY_BYTES })

      expect(maxBodyBytes).toBe(950_000)
      expect(errors).toEqual([{ path: 'MAX_BODY_BYTES', message }])
    },
  )
})

describe('secretNames', () => {
  it('lists the secrets of sources and targets, and the token of the API', () => {
    const url = '$URL_OF_CRM'
    const target = {
      name: 'crm',
      url,
      secret: ['A', 'B'],
      headers: { authorization: '$CRM_TOKEN' },
    }

    const names = secretNames({ SOURCES: [HYPE], TARGETS: [target] })

    expect([...names.keys()].sort()).toEqual([
      'A',
      'ADMIN_TOKEN',
      'B',
      'CRM_TOKEN',
      'HYPE',
      'URL_OF_CRM',
    ])
  })
})

describe('parseConfig', () => {
  it('never throws, and reports an error for everything that is broken', () => {
    const key = fc.constantFrom(
      'name',
      'vendor',
      'secret',
      'url',
      'events',
      'sources',
      'where',
      'headers',
      'sites',
      'retry',
    )
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('hype', 'HYPE', 'a', ['*'], '$HYPE', 'https://a.example'),
    )
    const tables = fc.array(fc.oneof(fc.dictionary(key, value), fc.jsonValue()), { maxLength: 4 })
    const variable = fc.oneof(
      tables,
      fc.jsonValue(),
      tables.map((list) => JSON.stringify(list)),
      fc.string(),
    )
    fc.assert(
      fc.property(variable, variable, (SOURCES, TARGETS) => {
        const { sources, targets, errors } = read({ SOURCES, TARGETS, TARGETS_B: SOURCES })
        const broken = [...sources.values(), ...targets].filter((one) => 'broken' in one)
        if (broken.length > 0) expect(errors).not.toEqual([])
        for (const { path, message } of errors) {
          expect(path).toMatch(/^(SOURCES|TARGETS(_B)?)(\[\d+\]|$)/)
          expect(message).not.toBe('')
        }
      }),
    )
  })
})

describe('RETENTION_DAYS and RAW_RETENTION_DAYS', () => {
  it.each([
    [undefined, undefined, 400, 90],
    ['', '', 400, 90],
    [30, undefined, 30, 30],
    ['30', '30', 30, 30],
    [36_500, 1, 36_500, 1],
  ])('of %j and %j are %d and %d', (RETENTION_DAYS, RAW_RETENTION_DAYS, events, raws) => {
    expect(read({ RETENTION_DAYS, RAW_RETENTION_DAYS })).toMatchObject({
      retentionDays: events,
      rawRetentionDays: raws,
      isRetentionReadable: true,
      errors: [],
    })
  })

  it.each([0, -1, 1.5, 36_501, '90 days', true])(
    'of %j are refused, and are known to be unreadable',
    (days) => {
      const { isRetentionReadable, errors } = read({
        RETENTION_DAYS: days,
        RAW_RETENTION_DAYS: days,
      })

      expect(isRetentionReadable).toBe(false)
      expect(errors).toEqual([
        {
          path: 'RETENTION_DAYS',
          message:
            'must be a whole number of days from 1 to 36500; no more than before is deleted until it is',
        },
        {
          path: 'RAW_RETENTION_DAYS',
          message:
            'must be a whole number of days from 1 to 400; no more than before is deleted until it is',
        },
      ])
    },
  )

  it('keep no raw body longer than its event', () => {
    const { rawRetentionDays, errors } = read({ RETENTION_DAYS: 30, RAW_RETENTION_DAYS: 31 })

    expect(rawRetentionDays).toBe(30)
    expect(errors).toEqual([
      {
        path: 'RAW_RETENTION_DAYS',
        message:
          'must be a whole number of days from 1 to 30; no more than before is deleted until it is',
      },
    ])
  })
})

describe('HOT_DAYS', () => {
  it.each([
    [undefined, undefined, 7],
    [undefined, 3, 3],
    [0, undefined, 0],
    ['400', undefined, 400],
  ])('of %j with RETENTION_DAYS of %j is %d', (HOT_DAYS, RETENTION_DAYS, hotDays) => {
    expect(read({ HOT_DAYS, RETENTION_DAYS })).toMatchObject({ hotDays, errors: [] })
  })

  it.each([-1, 0.5, 'a week', 401])('of %j is refused, and packs nothing more', (HOT_DAYS) => {
    expect(read({ HOT_DAYS })).toMatchObject({
      hotDays: 400,
      isRetentionReadable: true,
      errors: [
        {
          path: 'HOT_DAYS',
          message:
            'must be a whole number of days from 0 to 400; nothing more is packed until it is',
        },
      ],
    })
  })
})

describe('a time zone', () => {
  it.each([
    'UTC',
    'Europe/London',
    'Australia/Brisbane',
    'America/Argentina/Buenos_Aires',
    'Etc/UTC',
  ])('may be %s', (timezone) => {
    const { errors, notes } = read({ SOURCES: [{ ...HYPE, timezone }] })

    expect([errors, notes]).toEqual([[], []])
  })

  it.each(['BST', 'ACT', 'IST', 'EST', 'GMT', 'Japan', '+10:00', 'Australia/Sidney', '/'])(
    'is not %s, which names no one place',
    (timezone) => {
      const { errors } = read({ SOURCES: [{ ...HYPE, timezone }] })

      expect(errors).toEqual([{ path: 'SOURCES[0].timezone', message: TIMEZONE }])
    },
  )

  it('of a fixed offset is noted', () => {
    const sites = { s1: { timezone: 'Etc/GMT+5' }, s2: { timezone: 'Europe/Lisbon' } }
    const { errors, notes } = read({ SOURCES: [{ ...HYPE, timezone: 'Etc/GMT-10', sites }] })

    expect(errors).toEqual([])
    const message =
      'is ahead of UTC where it has a minus, and has no daylight saving; name a place, such as Australia/Brisbane'
    expect(notes).toEqual([
      { path: 'SOURCES[0].timezone', message },
      { path: 'SOURCES[0].sites.s1.timezone', message },
    ])
  })
})

describe('SHARED_ADDRESSES', () => {
  const read = (value: unknown) => parseConfig({ SHARED_ADDRESSES: value }, () => undefined)

  it.each([
    [undefined, []],
    ['', []],
    [['Info@gym.example'], ['info@gym.example']],
    ['["info@gym.example"]', ['info@gym.example']],
  ])('%j lists %j', (value, addresses) => {
    expect(read(value)).toMatchObject({ sharedAddresses: addresses, errors: [] })
  })

  it.each([[['gym.example']], ['info@gym.example'], [{}], [null]])('%j is an error', (value) => {
    const { sharedAddresses, errors } = read(value)

    expect(sharedAddresses).toEqual([])
    expect(errors).toMatchObject([{ path: 'SHARED_ADDRESSES' }])
  })
})
