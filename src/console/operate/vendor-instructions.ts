// The instructions for each vendor: text modules (wrangler.toml).
/// <reference path="../text-modules.d.ts" />
import letter from '../assets/hapana-letter.txt'
import steps from '../assets/hype-steps.txt'

/** How to connect Hype: the steps in its dashboard. */
export const HYPE_STEPS = steps

const HAPANA_EVENTS = [
  'accountCreated',
  'clientUpdated',
  'clientStatusChange',
  'packagePurchased',
  'checkIn',
  'outboundMessage',
]

/** The e-mail that asks Hapana's support for webhooks: one URL per event type, so that the type is certain. */
export function hapanaLetter(url: string, header: string | null): string {
  const urlOf = (event: string) => `${url}${url.includes('?') ? '&' : '?'}event=${event}`
  const authentication =
    header === null
      ? 'The key in the URL authenticates your calls; please keep it confidential.'
      : `Please send this header with each call, to authenticate it:\n\n  ${header}: SECRET`
  const urls = HAPANA_EVENTS.map((event) => `  ${event}\n    ${urlOf(event)}`).join('\n')
  return letter.replace('{urls}', urls).replace('{authentication}', authentication)
}
