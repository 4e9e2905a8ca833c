// A target on this machine is noted by `check` and refused by `deploy`, with TLS or without.
import { expect, it } from 'vitest'
import { checkConfig, isLocal } from '../../../src/cli/check/configuration.ts'

it.each([
  ['http://127.0.0.1:8788/', true],
  ['http://localhost/', true],
  ['https://localhost:8443/', true],
  ['https://[::1]/', true],
  ['https://crm.example/', false],
  ['$CRM_URL', false],
])('%s is on this machine: %j', (url, expected) => {
  const { targets } = checkConfig({ TARGETS: [{ name: 'crm', url }] })

  expect(targets.map(isLocal)).toEqual([expected])
})
