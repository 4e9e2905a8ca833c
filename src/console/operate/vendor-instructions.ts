// What is written to a vendor.
/// <reference path="../text-modules.d.ts" />
import letter from '../assets/hapana-letter.txt'

const HAPANA_EVENTS = [
  'accountCreated',
  'clientUpdated',
  'clientStatusChange',
  'packagePurchased',
  'checkIn',
  'outboundMessage',
]

/** The e-mail that asks Hapana's support for webhooks: one URL for each event, which tells the type beyond doubt. */
export function hapanaLetter(url: string, header: string | null): string {
  const urlOf = (event: string) => `${url}${url.includes('?') ? '&' : '?'}event=${event}`
  const proof =
    header === null
      ? 'The key in the URL proves that a call is yours; please keep it confidential.'
      : `Please send this header with each call, so that we know that it is yours:\n\n  ${header}: SECRET`
  const urls = HAPANA_EVENTS.map((event) => `  ${event}\n    ${urlOf(event)}`).join('\n')
  return letter.replace('{urls}', urls).replace('{proof}', proof)
}
