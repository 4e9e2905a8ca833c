// The shape of a message, and that it contains no value.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_KEYS, parentPath, safeName, shapeOf } from '../../../src/core/events/shape.ts'
import { type JsonObject, parseJson } from '../../../src/core/intake/json.ts'

/** The shape of a message as lines, in the order in which it is traversed. */
function linesOf(message: unknown): string[] {
  return [...shapeOf(message as JsonObject).keys].map(
    ([path, kinds]) => `${path} ${[...kinds].sort().join('|')}`,
  )
}

describe('a shape', () => {
  it('has each key with its kind, level by level', () => {
    const message = parseJson(`{
      "id": "00001234", "timestamp": 1596224512, "test": true,
      "data": { "total": 100.50, "tier": null, "acquisition": { "adblock": true } },
      "activePackages": [{ "packageID": "a" }, { "packageID": 7, "name": "x" }], "tags": [] }`)

    expect(linesOf(message)).toEqual([
      'id string',
      'timestamp number',
      'test boolean',
      'data object',
      'activePackages list',
      'tags list',
      'data.total number',
      'data.tier null',
      'data.acquisition object',
      'activePackages[] object',
      'data.acquisition.adblock boolean',
      'activePackages[].packageID number|string',
      'activePackages[].name string',
    ])
  })

  it('recognises a number in any spelling', () => {
    const message = parseJson('{"a":1,"b":1.0,"c":1e400,"d":12345678901234567890}')

    expect(linesOf(message)).toEqual(['a number', 'b number', 'c number', 'd number'])
  })

  it.each([
    [{ list: ['a', 1, null, ['b'], {}] }, 'list[] list|null|number|object|string'],
    [{ list: [['a'], [1]] }, 'list[][] number|string'],
  ])('merges the elements of a list: %j', (message, line) => {
    expect(linesOf(message)).toContain(line)
  })

  it.each([
    'customProperties',
    'custom properties',
    'custom_properties',
    'CustomFields',
    'metadata',
  ])('does not contain keys that customers choose: %s', (key) => {
    const own = { 'Ana Silva': 'Knee', allergies: { nuts: true } }

    expect(linesOf({ [key]: own })).toEqual([`${key} object`])
    expect(linesOf({ data: { [key]: [own] } })).toEqual(['data object', `data.${key} list`])
  })

  it('treats a key such as __proto__ as an ordinary key', () => {
    const message = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":"a","hasOwnProperty":null}',
    )

    expect(linesOf(message)).toEqual([
      '__proto__ object',
      'constructor string',
      'hasOwnProperty null',
      '__proto__.polluted number',
    ])
    expect({}).not.toHaveProperty('polluted')
  })

  it('distinguishes a key with a dot from a nested key', () => {
    expect(linesOf({ 'data.total': 1, data: { total: 'a' } })).toEqual([
      'data%2Etotal number',
      'data object',
      'data.total string',
    ])
  })
})

describe('a key', () => {
  it.each([
    'clientID',
    'client ID',
    'publisher_id',
    'SessionInstructor',
    'address_line_1',
    'visits_2026',
    'prénom',
    'xml:lang',
    'emergencyContactAddressLine1',
  ])('that looks like a name is kept: %s', (key) => {
    expect(safeName(key)).toBe(key)
  })

  it.each([
    ['an e-mail address', 'ana.silva@example.com'],
    ['a phone number', '+61 400 123 456'],
    ['a long number', '4000123456'],
    ['a name with a long number', 'member 400123'],
    ['a date', '2026-11-21'],
    ['a uuid', 'a1b2c3d4-4444-4f1e-8c6c-4adb7652a75c'],
    ['an opaque id', 'QUFFQ0F3UUZCZ2NJQ1FvTERBME9Edz09'],
    ['one with few digits', 'QUFFQkRsbGFoZGZrbGJtbnFycGVabz09'],
    ['a URL', 'https://example.com/?u=ana'],
    ['a sentence', 'Ana said: "no"'],
    ['several lines', 'a\nb'],
    ['an empty string', ''],
    ['an unpaired surrogate', '\ud800'],
    ['a long text', 'very '.repeat(20)],
  ])('that may be data is written as a star: %s', (_case, key) => {
    expect(safeName(key)).toBe('*')
    expect(linesOf({ [key]: { name: 'Ana' } })).toEqual(['* object', '*.name string'])
  })
})

describe('a message beyond a limit', () => {
  const wide = (count: number, value: unknown = 1) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`k${i}`.replaceAll(/\d/g, abc), value]),
    )
  const abc = (digit: string) => 'abcdefghij'[Number(digit)] ?? ''

  it('of 10,000 keys is read as a map, whose keys are not written', () => {
    const { keys, isComplete } = shapeOf({ data: wide(10_000, { name: 'Ana' }) })

    expect([...keys.keys()]).toEqual(['data', 'data.*', 'data.*.name'])
    expect(isComplete).toBe(false)
  })

  it('of 10,000 keys in a list of objects is read as a list of maps', () => {
    const list = Object.entries(wide(10_000)).map(([key, value]) => ({ [key]: value }))

    expect(linesOf({ list })).toEqual(['list list', 'list[] object', 'list[].* number'])
  })

  it('of more than 300 paths is read without the deepest ones', () => {
    const { keys, isComplete } = shapeOf({ ...wide(20, wide(20)), last: 1 })

    expect(keys.size).toBe(MAX_KEYS)
    expect(keys.has('last')).toBe(true)
    expect(isComplete).toBe(false)
  })

  it('of more than eight levels is read to the eighth', () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`

    expect(linesOf(JSON.parse(deep)).at(-1)).toBe('a.a.a.a.a.a.a.a object')
    expect(linesOf({ l: JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)) })).toHaveLength(8)
  })

  it('of a path with more than 200 characters is read without that path', () => {
    const key = 'quite a long key for one that a vendor made up'
    const { keys, isComplete } = shapeOf({ [key]: { [key]: { [key]: { [key]: { [key]: 1 } } } } })

    expect(keys.size).toBe(4)
    expect(isComplete).toBe(false)
  })

  it('of 300,000 elements in a list is read', () => {
    const list = Array.from({ length: 300_000 }, (_, i) => i)

    expect(linesOf({ list })).toEqual(['list list', 'list[] number'])
  })
})

it('parentPath returns the parent of a path', () => {
  expect(['a', 'a.b', 'a[]', 'a[].b', 'a.b[][]', '*.b'].map(parentPath)).toEqual([
    '',
    'a',
    'a',
    'a[]',
    'a.b[]',
    '*',
  ])
})

it('a shape contains no value of any message', () => {
  const secret = fc.string({ minLength: 5, unit: 'binary' }).map((text) => `§${text}`)
  const message = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      secret,
      fc.dictionary(fc.oneof(fc.constantFrom('a', 'customProperties'), secret), tie('value')),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
  })).value
  fc.assert(
    fc.property(message, (value) => {
      expect(linesOf({ value }).join('')).not.toContain('§')
    }),
  )
})

it('a shape contains the parent of each path, as an object or a list', () => {
  fc.assert(
    fc.property(fc.object({ key: fc.string(), maxDepth: 5 }), (message) => {
      const { keys } = shapeOf(message as JsonObject)
      for (const path of keys.keys()) {
        const parent = parentPath(path)
        const kind = path.endsWith('[]') ? 'list' : 'object'
        expect(parent === '' || keys.get(parent)?.has(kind)).toBe(true)
      }
    }),
  )
})
