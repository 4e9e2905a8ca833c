// Hapana's checkIn (support article 532): a visit or a class. Invalid check-ins are sent too.

import {
  asId,
  asIs,
  asText,
  type Fields,
  fold,
  type KeyName,
  nonEmpty,
  omitUndefined,
  reader,
  type Warning,
} from '../../core/events/fields.ts'
import type { SiteSettings } from '../../core/events/source.ts'
import { asMoment } from '../../core/events/time.ts'
import type { Checkin } from '../../core/events/vocabulary.ts'
import { identifiedBy } from '../../core/intake/dedupe.ts'
import { type MappedEvent, type MappingInput, readWord } from './mapping.ts'

/** The time of a check-in: the documented key, and a variant. */
export const CHECK_IN_TIME = ['checkInTime', 'checkInDateTime']

/** Maps a check-in. An invalid one becomes `checkin.rejected`, not attendance. */
export function mapCheckin(input: MappingInput): MappedEvent {
  const { fields, warnings, site, siteId, clientId, content } = input
  const rawStatus = fields.peek('checkInStatus')
  const time = readTime(CHECK_IN_TIME, fields, warnings, site)
  const status = readWord('checkInStatus', asCheckinStatus, input)
  const message = fields.read('checkInMessage', asText) ?? reasonIn(rawStatus)
  const starts = readTime('sessionStartTime', fields, warnings, site)
  const session = nonEmpty({
    vendor_id: fields.read('sessionID', asId),
    name: fields.read('sessionName', asText),
    type: fields.read('sessionType', asText),
    starts_at: starts.at,
    starts_local: starts.local,
    starts_zone: starts.zone,
    instructor: fields.read(['SessionInstructor', 'instructor', 'instructorName'], asText),
  })
  const checkin = omitUndefined({
    at: time.at,
    at_local: time.local,
    at_zone: time.zone,
    status,
    message,
    alerts:
      status === 'valid_with_alerts' ? [message].filter((text) => text !== undefined) : undefined,
    fob_number: fields.read('fobNumber', asText),
    session,
    package: nonEmpty({
      vendor_id: fields.read('packageID', asId),
      name: fields.read('packageName', asText),
    }),
    custom_properties: fields.read('customProperties', asIs),
  })
  // A session id is that of a recurring slot: only together with the time does it identify a visit. In one second a member
  // may be in two classes, and two fobs of a family at the door. A time has many spellings.
  const { fob_number, package: used } = checkin
  const { vendor_id, name, type, starts_at = starts.local } = session ?? {}
  const at = time.at ?? time.local
  const told = [vendor_id, name, type, starts_at, fob_number, used?.vendor_id, used?.name]
  const identity =
    at === undefined
      ? content('act')
      : identifiedBy('checkIn', clientId, siteId, at, rawStatus, ...told)
  return {
    type: status === 'invalid' ? 'checkin.rejected' : 'checkin.recorded',
    data: { checkin },
    identity,
    occurred:
      time.at === undefined
        ? undefined
        : { at: time.at, basis: 'vendor_field', path: fields.spelling(CHECK_IN_TIME) },
  }
}

/** A time in UTC (`at`), and its local time and zone if the message has none; without `at`, there is a warning. */
function readTime(name: KeyName, fields: Fields, warnings: Warning[], site: SiteSettings) {
  const path = fields.spelling(name)
  const moment = fields.read(name, asMoment(site))
  if (moment && 'why' in moment) warnings.push({ path, message: moment.why })
  return { at: undefined, local: undefined, zone: undefined, ...moment }
}

/** What article 526 says, with anything after it that is set apart: `valid check-in – first visit`. */
const SENTENCE = /^valid(?: check-?in)?(?: with alerts)?(?:\s*[-–—:,(].*)?$/i

const VALID_WORDS =
  /^(valid(checkin)?|accepted|allowed|approved|checkedin|granted|ok|passed|success(ful)?|true|yes)$/
const INVALID_WORDS =
  /^(invalid|(access)?denied|rejected|refused|declined|blocked|failed|false|no$)/

/**
 * `Valid`, `Invalid`, the sentences of support article 526, or another word that plainly means one of them. A word that
 * does not decides nothing: whether somebody came in must not be guessed.
 */
export const asCheckinStatus = reader<Checkin['status']>('a known check-in status', (value) => {
  const text = typeof value === 'boolean' ? String(value) : (asText(value) ?? '')
  const word = fold(text)
  if (INVALID_WORDS.test(word)) return 'invalid'
  if (/^valid(checkin)?withalerts/.test(word)) return 'valid_with_alerts'
  if (SENTENCE.test(text)) return /alerts/i.test(text) ? 'valid_with_alerts' : 'valid'
  return VALID_WORDS.test(word) ? 'valid' : undefined
})

/** The reason after the status, as in article 526: `invalid check-in – no valid membership`. */
function reasonIn(status: unknown): string | undefined {
  const sentence =
    /^(?:(?:in)?valid|(?:access )?denied|rejected|refused|declined|blocked|failed)(?: check-?in)?(?: with alerts)?\s*[-–—:]\s*(\S.*)$/i
  return typeof status === 'string' ? sentence.exec(status.trim())?.[1] : undefined
}
