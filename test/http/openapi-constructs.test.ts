// What generators of clients, linters and mock servers stumble over, and what people miss, is not in the OpenAPI document.
// `npm run generators` shows the same with the tools themselves.
import { describe, expect, it } from 'vitest'
import type { Env } from '../../src/env.ts'
import { createApp } from '../../src/http/app.ts'
import { aConfig } from '../builders.ts'

type Json = Record<string, unknown>
type Operation = Json & {
  operationId: string
  tags: string[]
  parameters?: (Json & { name: string; description?: string })[]
  responses: Record<string, unknown>
}

const app = createApp(() => aConfig(), {
  now: () => 0,
  random: () => 0,
  log: () => undefined,
  fetch: () => Promise.reject(new Error('nothing is sent here')),
  waitUntil: () => undefined,
})
const response = await app.request('https://relay.example/openapi.json', {}, {} as Env)
const document = await response.json<{
  info: Json
  tags: { name: string; description?: string }[]
  paths: Record<string, Record<string, Operation>>
  webhooks: Record<string, { post: Operation }>
  components: { schemas: Record<string, Json>; parameters: Record<string, Json> }
}>()
const operations = [
  ...Object.values(document.paths).flatMap((methods) => Object.values(methods)),
  ...Object.values(document.webhooks).map(({ post }) => post),
]

/** Every object in a part of the document, with its place. */
function everyPart(part: unknown, place = '#'): [place: string, part: Json][] {
  if (typeof part !== 'object' || part === null) return []
  const within = Object.entries(part).flatMap(([key, one]) => everyPart(one, `${place}/${key}`))
  return Array.isArray(part) ? within : [[place, part as Json], ...within]
}
const parts = everyPart(document)

/** The places of the parts for which something is true. */
const where = (test: (part: Json) => boolean) =>
  parts.filter(([, part]) => test(part)).map(([place]) => place)

const choices = ({ anyOf, oneOf }: Json) => (anyOf ?? oneOf ?? []) as Json[]

describe('the document has no', () => {
  it('constant without a type', () => {
    expect(where((part) => 'const' in part && !('type' in part))).toEqual([])
  })

  it('constant of true or false, which clients in Python refuse', () => {
    expect(where((part) => typeof part.const === 'boolean')).toEqual([])
  })

  it('choice between something and null', () => {
    expect(where((part) => choices(part).some(({ type }) => type === 'null'))).toEqual([])
  })

  it('null among the types of an enum without null among its values', () => {
    const isNullable = ({ type }: Json) => Array.isArray(type) && type.includes('null')
    const lacks = ({ enum: values }: Json) => Array.isArray(values) && !values.includes(null)
    expect(where((part) => isNullable(part) && lacks(part))).toEqual([])
  })

  it('default of a choice or of a reference', () => {
    const isOpen = (part: Json) => choices(part).length > 0 || '$ref' in part
    expect(where((part) => 'default' in part && isOpen(part))).toEqual([])
  })

  it('choice between a list and one of its items, nor between an object and a list', () => {
    expect(where((part) => choices(part).some(({ type }) => type === 'array'))).toEqual([])
  })

  it('number that a program would read into 32 bits by mistake', () => {
    expect(where(({ type, format }) => type === 'number' && format !== 'double')).toEqual([])
    const sizes = parts.filter(([place]) => /\/\w*bytes$/.test(place))
    expect(sizes.map(([, { format }]) => format)).toEqual(['int64', 'int64'])
  })

  it('list of values in two places: each has a name, which a program can use', () => {
    const lists = parts.flatMap(([, { enum: values }]) =>
      Array.isArray(values) && !values.includes(null) ? [JSON.stringify(values)] : [],
    )
    expect(lists.filter((list, i) => lists.indexOf(list) !== i)).toEqual([])
  })

  it('amount in two places', () => {
    const amounts = where(({ properties }) => Object.hasOwn(properties ?? {}, 'currency'))
    expect(amounts).toEqual(['#/components/schemas/NullableAmount'])
  })

  it('attribute of an event without a description, nor id without a pattern', () => {
    const { PaymentCreatedEvent } = document.components.schemas
    const attributes = PaymentCreatedEvent?.properties as Record<string, Json>
    const isPlain = (one: Json) => !('$ref' in one) && !('const' in one)
    const bare = Object.entries(attributes).filter(([, one]) => isPlain(one) && !one.description)
    expect(bare.map(([name]) => name)).toEqual([])
    expect([attributes.id?.pattern, attributes.personid?.pattern]).toEqual([
      expect.stringMatching(/^\^evt_/),
      expect.stringMatching(/^\^per_/),
    ])
  })

  it('schema in a body of a webhook without a name', () => {
    for (const { post } of Object.values(document.webhooks)) {
      const [content] = Object.values(
        (post.requestBody as { content: Record<string, { schema: Json }> }).content,
      )
      expect(Object.keys(content?.schema ?? {})).toEqual(['$ref'])
    }
  })
})

describe('names', () => {
  it('are those of one schema each, also where a generator makes one of a property', () => {
    const capital = (text: string) => text.replace(/(?:^|_)(.)/g, (_, one) => one.toUpperCase())
    const named = Object.keys(document.components.schemas)
    const made = Object.entries(document.components.schemas).flatMap(([name, { properties }]) =>
      Object.entries((properties ?? {}) as Record<string, Json>)
        .filter(([, property]) => 'properties' in property || 'enum' in property)
        .map(([key]) => `${name}${capital(key)}`),
    )
    expect(made.filter((name) => named.includes(name))).toEqual([])
    const folded = [...named, ...made].map((name) => name.toLowerCase())
    expect(folded.filter((name, i) => folded.indexOf(name) !== i)).toEqual([])
  })

  it('are not those of another and `Test`: generators give it to the tests that they write', () => {
    const named = Object.keys(document.components.schemas)
    expect(named.filter((name) => named.includes(`${name}Test`))).toEqual([])
  })

  it('of operations are unique, webhooks included, and words of a program', () => {
    const ids = operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z]+$/)
  })

  it('stand for something that is used', () => {
    const text = JSON.stringify(document)
    for (const [kind, components] of Object.entries(document.components)) {
      if (kind === 'securitySchemes') continue
      const unused = Object.keys(components).filter(
        (name) => !text.includes(`"#/components/${kind}/${name}"`),
      )
      expect(unused).toEqual([])
    }
  })

  it('that are referred to exist', () => {
    const references = parts.flatMap(([, { $ref }]) => (typeof $ref === 'string' ? [$ref] : []))
    const { schemas, parameters } = document.components
    const known = [
      ...Object.keys(schemas).map((name) => `#/components/schemas/${name}`),
      ...Object.keys(parameters).map((name) => `#/components/parameters/${name}`),
    ]
    expect([...new Set(references)].filter((one) => !known.includes(one))).toEqual([])
  })
})

describe('people read', () => {
  it('what each operation does, and under which heading it is', () => {
    const headings = document.tags.map(({ name }) => name)
    for (const { operationId, description, summary, tags } of operations) {
      expect([operationId, description]).toEqual([operationId, expect.stringMatching(/\w/)])
      expect([operationId, summary]).toEqual([operationId, expect.stringMatching(/\w/)])
      expect(tags).toHaveLength(1)
      expect(headings).toContain(tags[0])
    }
  })

  it('what each heading and each parameter is, and whom to ask', () => {
    for (const tag of document.tags) expect(tag.description).toMatch(/\w/)
    for (const { operationId, parameters = [] } of operations) {
      for (const { $ref, name, description } of parameters) {
        if ($ref !== undefined) continue
        expect([operationId, name, description]).toEqual([operationId, name, expect.any(String)])
      }
    }
    expect(document.info).toMatchObject({ contact: expect.anything(), license: { name: 'MIT' } })
  })
})

describe('a program can check before it asks', () => {
  const schemaOf = (operationId: string, name: string) =>
    operations
      .find((one) => one.operationId === operationId)
      ?.parameters?.find((one) => one.name === name)?.schema as Json
  const matches = (schema: Json, text: string) => new RegExp(String(schema.pattern)).test(text)

  it.each([
    ['getEvents', 'since', ['7d', '2026-11-30', '2026-11-30T04:00Z'], ['then', '7', '2026-13-01']],
    ['getEvents', 'until', ['30m', '2026-11-30T04:00:00.5+11:00'], ['', '2026-11-30T04:00']],
    ['getEvents', 'person', ['per_1jm3jqgq5fh'], ['evt_1jm3jqgq5fh', 'per_']],
    ['getEvents', 'next', ['WyIxIixudWxsLG51bGxd'], ['', 'a b', 'e30']],
    ['getPeopleWronglyJoined', 'after', ['per_1jm3jqgq5fh'], ['per_zjm3jqgq5fh']],
    ['getReplays', 'next', ['rpl_1jm3jqgq5fh'], ['1jm3jqgq5fh']],
    ['getEventsId', 'id', ['evt_1jm3jqgq5fh'], ['1jm3jqgq5fh']],
  ])('%s: %s', (operationId, name, valid, invalid) => {
    const schema = schemaOf(operationId, name)
    for (const text of valid) expect([text, matches(schema, text)]).toEqual([text, true])
    for (const text of invalid) expect([text, matches(schema, text)]).toEqual([text, false])
  })

  it('which fields it needs one of', () => {
    const bodyOf = (operationId: string) =>
      JSON.stringify(operations.find((one) => one.operationId === operationId)?.requestBody)

    expect(bodyOf('postPeopleIdSplit')).toContain(
      '"oneOf":[{"required":["contact"]},{"required":["email"]}]',
    )
    expect(bodyOf('postSimulate')).toContain(
      '"oneOf":[{"required":["type"]},{"required":["journey"]}]',
    )
    for (const name of ['postQuarantineRelease', 'postQuarantineDismiss'])
      expect(bodyOf(name)).toContain(
        '"anyOf":[{"required":["events"]},{"required":["source"]},{"required":["vendortype"]},{"required":["cause"]}]',
      )
    expect(document.components.schemas.ReplayFilter).toMatchObject({ minProperties: 1 })
  })
})
