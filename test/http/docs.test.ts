// The page of the API: complete, readable without a script, and without files from other origins.
import { expect, it } from 'vitest'
import { outline } from '../../src/console/schema-outline.ts'
import type { Env } from '../../src/env.ts'
import { createApp } from '../../src/http/app.ts'
import { aConfig } from '../builders.ts'

const app = createApp(() => aConfig(), {
  now: () => 0,
  random: () => 0,
  log: () => undefined,
  fetch: () => Promise.reject(new Error('nothing is sent here')),
  waitUntil: () => undefined,
})
const get = async (path: string) => {
  const response = await app.request(`https://relay.example${path}`, {}, {} as Env)
  return { type: response.headers.get('content-type'), text: await response.text() }
}

type Schema = {
  type?: string | string[]
  properties?: Record<string, Schema>
  items?: Schema
}

/** Every schema with a type in a part of the document. */
function schemasIn(part: unknown): Schema[] {
  if (typeof part !== 'object' || part === null) return []
  const within = Object.values(part).flatMap(schemasIn)
  const isSchema = 'type' in part && (typeof part.type === 'string' || Array.isArray(part.type))
  return isSchema ? [part as Schema, ...within] : within
}

it('shows every operation, every webhook and every schema of the document', async () => {
  const document = JSON.parse((await get('/openapi.json')).text)
  const { text, type } = await get('/docs')

  expect(type).toBe('text/html; charset=UTF-8')
  const ids = [...text.matchAll(/<details id="([^"]+)"/g)].map(([, id]) => id)
  const operations = Object.values<Record<string, { operationId: string }>>(document.paths)
  expect(ids).toEqual([
    ...new Set([
      ...ids.filter((id) =>
        operations.some((one) => Object.values(one).some((op) => op.operationId === id)),
      ),
      ...Object.values<{ post: { operationId: string } }>(document.webhooks).map(
        ({ post }) => post.operationId,
      ),
      ...Object.keys(document.components.schemas).map((name) => `schema-${name}`),
    ]),
  ])
  expect(
    operations
      .flatMap((one) => Object.values(one))
      .every(({ operationId }) => ids.includes(operationId)),
  ).toBe(true)
})

it('shows the fields of every body and of every object, also where it may be null', async () => {
  const document = JSON.parse((await get('/openapi.json')).text)
  const page = (await get('/docs')).text.replaceAll('&quot;', '"')

  for (const schema of schemasIn(document)) {
    const { type, properties, items } = schema
    if (properties === undefined && items === undefined) continue
    const text = outline(schema)
    expect(text).not.toMatch(/^(object|array|anything)/)
    expect([text, text.endsWith(' | null')]).toEqual([text, [type].flat().includes('null')])
    for (const name of Object.keys(properties ?? {})) expect(text).toContain(`  ${name}`)
  }
  const fold = (id: string) => page.split(`<details id="${id}">`)[1]?.split('</details>')[0] ?? ''
  expect(fold('postSimulate')).toContain('  journey?: Journey\n')
  expect(fold('postSimulate')).toContain('  // exactly one of type, journey\n}')
  expect(fold('postPeopleIdSplit')).toContain('  contact?: string\n')
  expect(fold('postQuarantineRelease')).toContain('// at least one of events, source, ')
  expect(fold('postQuarantineDismiss')).toContain('  reason: string\n')
  expect(fold('schema-Delivery')).toContain('  last: {\n    ')
  expect(page).not.toMatch(/anything \| anything|array \| null/)
})

it('loads nothing from other origins, and runs no script', async () => {
  const { text } = await get('/docs')

  expect(text).not.toMatch(/<script|https?:\/\/|\son\w+=|style=/)
  expect(await get('/docs.css')).toMatchObject({ type: 'text/css; charset=utf-8' })
})

it.each([
  [{ type: 'string' }, 'string'],
  [{ type: 'string', default: '50' }, 'string = "50"'],
  [{ enum: ['a', null] }, '"a" | null'],
  [{ $ref: '#/components/schemas/Event' }, 'Event'],
  [{ anyOf: [{ type: 'number' }, { type: 'null' }] }, 'number | null'],
  [
    { type: 'array', items: { anyOf: [{ type: 'number' }, { type: 'null' }] } },
    '(number | null)[]',
  ],
  [
    { type: 'object', properties: { a: {}, b: {} }, required: ['a'] },
    '{\n  a: anything\n  b?: anything\n}',
  ],
  [{ type: 'object', additionalProperties: { type: 'number' } }, '{\n  [key]: number\n}'],
  [{ type: ['object', 'null'], properties: { a: {} } }, '{\n  a?: anything\n} | null'],
  [{ type: ['array', 'null'], items: { type: 'string' } }, 'string[] | null'],
  [
    { type: 'array', items: { type: ['object', 'null'], properties: { a: {} } } },
    '({\n  a?: anything\n} | null)[]',
  ],
  [
    {
      type: 'object',
      properties: { a: { enum: ['b', 'c'], default: 'b' } },
      anyOf: [{ required: ['a'] }, { required: ['d'] }],
    },
    '{\n  a?: "b" | "c" = "b"\n  // at least one of a, d\n}',
  ],
])('outlines the schema %j', (schema, text) => {
  expect(outline(schema)).toBe(text)
})
