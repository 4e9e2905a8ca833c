import { describe, expect, it } from 'vitest'
import { settingsForSite } from '../../../src/core/events/source.ts'

const SETTINGS = {
  timezone: 'Australia/Sydney',
  currency: 'AUD',
  dateFormat: 'DD/MM/YYYY',
  sites: {
    lisbon: { timezone: 'Europe/Lisbon', currency: 'EUR' },
    boston: { dateFormat: 'MM/DD/YYYY' },
  },
} as const

describe('settingsForSite', () => {
  it.each([
    ['lisbon', { timezone: 'Europe/Lisbon', currency: 'EUR', dateFormat: 'DD/MM/YYYY' }],
    ['boston', { timezone: 'Australia/Sydney', currency: 'AUD', dateFormat: 'MM/DD/YYYY' }],
    ['perth', { timezone: 'Australia/Sydney', currency: 'AUD', dateFormat: 'DD/MM/YYYY' }],
    [undefined, { timezone: 'Australia/Sydney', currency: 'AUD', dateFormat: 'DD/MM/YYYY' }],
    ['Lisbon', { timezone: 'Australia/Sydney', currency: 'AUD', dateFormat: 'DD/MM/YYYY' }],
    ['__proto__', { timezone: 'Australia/Sydney', currency: 'AUD', dateFormat: 'DD/MM/YYYY' }],
    ['constructor', { timezone: 'Australia/Sydney', currency: 'AUD', dateFormat: 'DD/MM/YYYY' }],
  ])('for the site %s are its own, else those of the source', (site, settings) => {
    expect(settingsForSite(SETTINGS, site)).toEqual(settings)
  })

  it('are undefined if neither the site nor the source has any', () => {
    expect(settingsForSite({ sites: {} }, 'x')).toEqual({
      timezone: undefined,
      currency: undefined,
      dateFormat: undefined,
    })
  })
})
