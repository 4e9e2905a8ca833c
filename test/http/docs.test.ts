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
])('outlines the schema %j', (schema, text) => {
  expect(outline(schema)).toBe(text)
})
