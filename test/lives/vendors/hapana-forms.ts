// The forms of Hapana's values: dates, times, money and keys, each in the readings that the articles permit.

/** The zone of the sites of every world. */
export const ZONE = 'Australia/Sydney'

const LOCAL = new Intl.DateTimeFormat('sv-SE', {
  ...({ timeZone: ZONE, dateStyle: 'short', timeStyle: 'medium' } as const),
})

/** "timestamp, form unknown": local text as `lastModifiedDate` has it, RFC 3339, or epoch. To the second. */
export function timeText(at: number, form: string): string | number {
  const second = Math.floor(at / 1000)
  switch (form) {
    case 'epoch':
      return second
    case 'epoch-ms':
      return second * 1000
    case 'utc':
      return new Date(second * 1000).toISOString().replace('.000', '')
    case 'offset':
      return `${new Date(second * 1000 + 8 * 3_600_000).toISOString().slice(0, 19)}+08:00`
    case 'local-t':
      return LOCAL.format(second * 1000).replace(' ', 'T')
    default:
      return LOCAL.format(second * 1000)
  }
}

/** A date as the site has set it; some leave it empty. */
export function dateText(at: number, form: string): string {
  const date = LOCAL.format(at).slice(0, 10)
  if (form === 'iso') return date
  return form === 'text-empty' ? '' : date.split('-').reverse().join('/')
}

/** Major units (the widget's API): a number, text, or text with thousands. */
export function moneyOf(cents: number, form: string): string | number {
  if (form === 'number') return cents / 100
  const text = (cents / 100).toFixed(2)
  return form === 'thousands' ? text.replace(/\B(?=(\d{3})+\.)/g, ',') : text
}

/** Keys that the overview spells in another way. */
const OVERVIEW: Record<string, string> = {
  clientID: 'client ID',
  firstName: 'first Name',
  lastName: 'last Name',
  barcodeID: 'barcode ID',
  birthDate: 'birthdate',
  joinDate: 'join date',
  leadSource: 'lead source',
  customProperties: 'custom properties',
  packageName: 'package Name',
  packageType: 'package Type',
  packageCategory: 'package Category',
  packageID: 'package ID',
  checkInTime: 'check in time',
  sessionID: 'session ID',
}

/** The keys as the articles spell them, or as the guide's overview does. The guide names clientID so for messages and statuses. */
export function spelled(
  fields: Record<string, unknown>,
  type: string,
  keys: string | undefined,
): Record<string, unknown> {
  if (keys !== 'overview' || type === 'outboundMessage' || type === 'clientStatusChange')
    return fields
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [OVERVIEW[key] ?? key, value]),
  )
}
