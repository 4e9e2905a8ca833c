// The instructions for each vendor: one text module (wrangler.toml), in which lines of `---` separate the texts.
/// <reference path="../text-modules.d.ts" />
import instructions from '../assets/vendor-instructions.txt'

const [letter = '', byHeader = '', byKey = '', hypeSteps] = instructions.split('\n---\n')

/** How to connect Hype: the steps in its dashboard. */
export const HYPE_STEPS = hypeSteps

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
  const authentication = header === null ? byKey : byHeader.replace('{header}', header)
  const urls = HAPANA_EVENTS.map((event) => `  ${event}\n    ${urlOf(event)}`).join('\n')
  return letter.replace('{urls}', urls).replace('{authentication}', authentication)
}
