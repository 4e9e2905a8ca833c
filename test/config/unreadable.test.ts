// SOURCES and TARGETS that cannot be read: names may be missing from the configuration, and nothing is concluded from that.
import { describe, expect, it } from 'vitest'
import { configurationProblem, isEveryTargetKnown, parseConfig } from '../../src/config.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const read = (vars: Record<string, unknown>) => parseConfig(vars, () => SECRET)
const CRM = { name: 'crm', url: 'https://crm.example/' }
const HYPE = { name: 'hype', vendor: 'hype', secret: 'HYPE' }
const LIST = 'must be a list of tables, or JSON text of such a list'
const NAME = 'is missing or is not a valid name'
const TAKEN = 'is already used above'

describe('a list of targets', () => {
  it.each<[string, Record<string, unknown>, string, string]>([
    ['text with a trailing comma', { TARGETS: '[{"name":"crm"},]' }, 'TARGETS', LIST],
    ['a variable that adds to it', { TARGETS: [CRM], TARGETS_B: '{' }, 'TARGETS_B', LIST],
    ['a table without a name', { TARGETS: [CRM, { url: CRM.url }] }, 'TARGETS[1].name', NAME],
    ['a table with a bad name', { TARGETS: [{ ...CRM, name: 'c r m' }] }, 'TARGETS[0].name', NAME],
    ['no table at all', { TARGETS: [CRM, 7] }, 'TARGETS[1].name', NAME],
    ['the same name twice', { TARGETS: [CRM, CRM] }, 'TARGETS[1].name', TAKEN],
  ])('is incomplete with %s', (_, vars, path, message) => {
    const config = read(vars)

    expect(config.unreadable).toEqual({ sources: [], targets: [{ path, message }] })
    expect(isEveryTargetKnown(config)).toBe(false)
    expect(configurationProblem(config)).toContain(`${path} ${message}`)
  })

  it.each<[string, Record<string, unknown>]>([
    ['without the variable', {}],
    ['with an empty one', { TARGETS: '' }],
    ['with a target that is broken alone', { TARGETS: [{ name: 'crm', url: 'no' }] }],
  ])('is complete %s', (_, vars) => {
    const config = read(vars)

    expect(isEveryTargetKnown(config)).toBe(true)
    expect(configurationProblem(config)).toBeUndefined()
  })
})

describe('a list of sources', () => {
  it.each<[string, unknown, string, string]>([
    ['text with a trailing comma', '[{"name":"hype"},]', 'SOURCES', LIST],
    ['a table without a name', [HYPE, { vendor: 'hype' }], 'SOURCES[1].name', NAME],
    ['the same name twice', [HYPE, HYPE], 'SOURCES[1].name', TAKEN],
  ])('is incomplete with %s', (_, SOURCES, path, message) => {
    const config = read({ SOURCES })

    expect(config.unreadable).toEqual({ sources: [{ path, message }], targets: [] })
    expect(configurationProblem(config)).toContain(`${path} ${message}`)
  })

  it('is complete with a source that is disabled, or broken alone', () => {
    const SOURCES = [
      { ...HYPE, enabled: false },
      { name: 'hapana', vendor: 'no' },
    ]

    expect(configurationProblem(read({ SOURCES }))).toBeUndefined()
  })
})

it('is described without any value of it', () => {
  const TARGETS = [
    { ...CRM, name: SECRET },
    { ...CRM, name: SECRET },
    { ...CRM, name: `${SECRET}!` },
  ]
  const SOURCES = `[{"name":"${SECRET}",}]`

  const problem = configurationProblem(read({ SOURCES, TARGETS }))

  expect(problem).toContain('TARGETS[2].name')
  expect(problem).not.toContain(SECRET)
})
