// The OpenAPI document is valid, as an independent validator reads the specification.
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, it } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { createApp } from '../../src/http/app.ts'

it('is valid OpenAPI 3.1', async () => {
  const app = createApp(() => parseConfig({}, () => undefined), {
    now: () => 0,
    random: () => 0,
    log: () => undefined,
    send: () => Promise.reject(new Error('nothing is sent here')),
  })
  const response = await app.request('/openapi.json', {}, { DB: undefined } as never)
  const validator = new Validator()

  const result = await validator.validate((await response.json()) as Record<string, unknown>)

  expect(result.errors).toBeUndefined()
  expect(result.valid).toBe(true)
  expect(validator.version).toBe('3.1')
})
