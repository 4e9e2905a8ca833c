import { describe, expect, it } from 'vitest'
import { settingsAt } from '../../../src/core/events/source.ts'

const SETTINGS = {
  timezone: 'Australia/Sydney',
  currency: 'AUD',
  dateFormat: 'DD/MM/YYYY',
  sites: {
    lisbon: { timezone: 'Europe/Lisbon', currency: 'EUR' },
    boston: { dateFormat: 'MM/DD/YYYY' },
  },
} as const

describe('settingsAt', () => {
  it.each([
    ['lisbon', { timezone: 'Europe/Lisbon', currency: 'EUR', dateFormat: 'DD/MM/YYYY' }],
    ['boston', { timezone: 'Australia/Sydney', currency: 'AUD', dateFormat: 'MM/DD/YYYY' }],
    ['perth', { timezone: 'Australia/Sydney', currency: 'AUD', dateFormat: 'DD/MM/YYYY' }],
    [undefined, { timezone: 'Australia/Sydney', currency: 'AUD', dateFormat: 'DD/MM/YYYY' }],
    ['Lisbon', { timezone: 'Australia/Sydney', currency: 'AUD', dateFormat: 'DD/MM/YYYY' }],
    ['__proto__', { timezone: 'Australia/Sydney', currency: 'AUD', dateFormat: 'DD/MM/YYYY' }],
    ['constructor', { timezone: 'Australia/Sydney', currency: 'AUD', dateFormat: 'DD/MM/YYYY' }],
  ])('at %s are the own ones of the site, else those of the source', (site, settings) => {
    expect(settingsAt(SETTINGS, site)).toEqual(settings)
  })

  it('invents nothing', () => {
    expect(settingsAt({ sites: {} }, 'x')).toEqual({
      timezone: undefined,
      currency: undefined,
      dateFormat: undefined,
    })
  })
})
