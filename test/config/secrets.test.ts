// No error and no note contains what was configured; secrets that are easy to guess are reported.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config.ts'

const MARK = 's3cr3t of a target'

/** Each setting of a table with a value of its kind, so that a single wrong one is found alone. */
const SOURCE = {
  name: 'gym',
  vendor: 'hapana',
  secret: ['KEY'],
  header: 'x-key',
  signing_secret: 'KEY',
  tolerance_seconds: 300,
  timezone: 'Australia/Sydney',
  currency: 'AUD',
  date_format: 'DD/MM/YYYY',
  sites: { s1: { timezone: 'Europe/Lisbon', currency: 'EUR', date_format: 'MM/DD/YYYY' } },
  enabled: true,
}
const TARGET = {
  name: 'crm',
  url: 'https://crm.example/hook',
  events: ['contact.*'],
  sources: ['gym'],
  where: 'true',
  transform: '$',
  format: 'cloudevents',
  secret: ['SIGNING'],
  headers: { 'x-team': 'desk' },
  include: ['notes'],
  retry: [5],
  timeout_seconds: 5,
  rate_per_second: 1,
  ordered: true,
  settle_seconds: 5,
  test: true,
  enabled: true,
}
const LIMITS = { MAX_BODY_BYTES: 1000, RETENTION_DAYS: 10, RAW_RETENTION_DAYS: 5 }
const VALID = { SOURCES: [SOURCE], TARGETS: [TARGET], ...LIMITS }

const SECRETS: Record<string, string> = {
  KEY: 'a-long-and-random-key',
  SIGNING: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
}
const textOf = (vars: Record<string, unknown>, secrets = SECRETS) => {
  const { errors, notes, weak, sources, targets } = parseConfig(vars, (name) => secrets[name])
  const broken = [...sources.values(), ...targets].flatMap((one) =>
    'broken' in one ? [one.broken] : [],
  )
  return JSON.stringify({ errors, notes, weak, broken })
}

/** The places of a value: each of its parts, as a list of keys. */
function placesIn(value: unknown): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [[]]
  const keys = Array.isArray(value) ? value.keys().toArray() : Object.keys(value)
  const inner = keys.flatMap((key) =>
    placesIn((value as Record<string | number, unknown>)[key]).map((rest) => [key, ...rest]),
  )
  return [[], ...inner]
}

function withValue(value: unknown, [key, ...rest]: (string | number)[], mark: unknown): unknown {
  if (key === undefined) return mark
  const parts = value as Record<string | number, unknown>
  const part = withValue(parts[key], rest, mark)
  return Array.isArray(parts) ? parts.with(Number(key), part) : { ...parts, [key]: part }
}

/** A secret where it does not belong: as it is, in a pattern, a URL, a list or a table, as a value or as a key. */
const misplaced = fc
  .tuple(
    fc.constantFrom(
      MARK,
      `Bearer ${MARK}`,
      `$${MARK}`,
      `https://user:${MARK}@crm.example/`,
      `$match("x", /(${MARK}+)+/)`,
    ),
    fc.constantFrom(
      (text: string): unknown => text,
      (text: string) => [text],
      (text: string) => [[text]],
      (text: string) => ({ value: text }),
      (text: string) => ({ [text]: text }),
      (text: string) => [{ [text]: { [text]: [text] } }],
    ),
  )
  .map(([text, wrap]) => wrap(text))

describe('an error or a note', () => {
  it('never contains a value that was configured, wherever it was put', () => {
    const place = fc.constantFrom(...placesIn(VALID).filter((keys) => keys.length > 0))
    const asText = fc.boolean()
    fc.assert(
      fc.property(place, misplaced, asText, (keys, value, isText) => {
        const vars = withValue(VALID, keys, value) as typeof VALID
        const read = isText ? { ...vars, TARGETS: JSON.stringify(vars.TARGETS) } : vars

        expect(textOf(read)).not.toContain(MARK)
      }),
      { numRuns: 2000 },
    )
  })

  it('never contains the value of a secret, whatever is wrong with it', () => {
    const kinds = [MARK, `whsec_${MARK}`, `https://user:${MARK}@a.example`, `${MARK}\n`]
    const vars = {
      ...VALID,
      TARGETS: [{ ...TARGET, url: '$URL', headers: { 'x-key': '$HEADER' } }],
      ADMIN_TOKEN: MARK,
      VIEWER_TOKEN: MARK,
    }
    for (const kind of kinds) {
      const secrets = { KEY: kind, SIGNING: kind, URL: kind, HEADER: kind }
      expect(textOf(vars, secrets)).not.toContain(MARK)
    }
  })

  it('says what is expected where text stands in the place of a table', () => {
    const { errors } = parseConfig(
      {
        SOURCES: [{ ...SOURCE, sites: 'a' }],
        TARGETS: [{ ...TARGET, headers: 'authorization: Bearer s3cr3t' }],
      },
      (name) => SECRETS[name],
    )

    expect(errors).toEqual([
      { path: 'SOURCES[0].sites', message: 'must be a table' },
      { path: 'TARGETS[0].headers', message: 'must be a table' },
    ])
  })
})

describe('a secret that is easy to guess', () => {
  const GUESSED = 'is easy to guess: use at least'
  const weakOf = (key: string, tokens: Record<string, string> = {}) => {
    const vars = { SOURCES: [{ name: 'gym', vendor: 'hapana', secret: 'KEY' }], ...tokens }
    const { errors, weak, sources } = parseConfig(vars, () => key)
    return { errors, weak, gym: sources.get('gym') }
  }

  it.each(['x', '123456789012345', 'a'.repeat(64), 'ababababababababab'])(
    'is reported and breaks nothing: %s',
    (key) => {
      const { errors, weak, gym } = weakOf(key)

      expect(errors).toEqual([])
      expect(gym).toMatchObject({ credentials: { secrets: [key] } })
      expect(weak).toEqual([
        { path: 'SOURCES[0].secret', message: `KEY ${GUESSED} 16 random characters` },
      ])
    },
  )

  it('is not one of 16 random characters', () => {
    expect(weakOf('k7Qz2mVx9Lw4tRb8').weak).toEqual([])
  })

  it('is a token of less than 20 characters', () => {
    const tokens = { ADMIN_TOKEN: 'k7Qz2mVx9Lw4tRb8abc', VIEWER_TOKEN: 'x' }

    expect(weakOf('k7Qz2mVx9Lw4tRb8', tokens).weak).toEqual([
      { path: 'the API', message: `ADMIN_TOKEN ${GUESSED} 20 random characters` },
      { path: 'the API', message: `VIEWER_TOKEN ${GUESSED} 20 random characters` },
    ])
  })

  it('is a token that is another secret too', () => {
    const token = 'k7Qz2mVx9Lw4tRb8abcd'
    const shared = (name: string) => ({
      path: 'the API',
      message: `${name} must differ from every other secret`,
    })

    expect(
      weakOf('a-long-and-random-key', { ADMIN_TOKEN: token, VIEWER_TOKEN: token }).weak,
    ).toEqual([shared('ADMIN_TOKEN'), shared('VIEWER_TOKEN')])
    expect(weakOf(token, { ADMIN_TOKEN: token }).weak).toEqual([shared('ADMIN_TOKEN')])
  })
})
