// The person in Hapana's messages. Support articles 527 and 529 have the full profile, the others parts of it.

import { normalizeEmail } from '../../core/events/contact-key.ts'
import {
  asIs,
  asText,
  type Fields,
  nonEmpty,
  omitUndefined,
  readFields,
  type Warning,
} from '../../core/events/fields.ts'
import type { SiteSettings } from '../../core/events/source.ts'
import { asDate } from '../../core/events/time.ts'
import type { Contact } from '../../core/events/vocabulary.ts'
import { isObject } from '../../core/intake/json.ts'
import type { HapanaType } from './type.ts'

/** Reads the person of a message, except the id. A check-in's custom properties are its own. */
export function readContact(
  type: HapanaType,
  fields: Fields,
  warnings: Warning[],
  site: SiteSettings,
): Contact {
  const email = fields.read('email', asText)
  return omitUndefined({
    email,
    email_normalized: normalizeEmail(email),
    full_name: fields.read('name', asText),
    given_name: fields.read('firstName', asText),
    family_name: fields.read('lastName', asText),
    phone: fields.read('phone', asText),
    gender: fields.read('gender', asText),
    birth_date: fields.read(['birthDate', 'dateOfBirth', 'dob'], asDate(site)),
    joined_on: fields.read(['joinDate', 'memberSince'], asDate(site)),
    lead_source: fields.read('leadSource', asText),
    barcode: fields.read(['barcodeID', 'barcode'], asText),
    address: fields.read(['address', 'fullAddress'], asIs),
    image_url: fields.read('profileImage', asText),
    emergency_contact: readEmergencyContact(fields, warnings),
    custom_properties: type === 'checkIn' ? undefined : fields.read('customProperties', asIs),
  })
}

/** Five flat keys in the articles, one name in the overview (526), perhaps an object. */
function readEmergencyContact(fields: Fields, warnings: Warning[]): Contact['emergency_contact'] {
  const flat = {
    given_name: fields.read('emergencyFirstName', asText),
    family_name: fields.read('emergencyLastName', asText),
    full_name: fields.read('emergencyName', asText),
    email: fields.read('emergencyEmail', asText),
    phone: fields.read('emergencyPhone', asText),
  }
  const nested = fields.read('emergencyContact', (value) => {
    if (!isObject(value)) return undefined
    const inner = readFields(value, warnings)
    const read = {
      given_name: inner.read('firstName', asText),
      family_name: inner.read('lastName', asText),
      full_name: inner.read('name', asText),
      email: inner.read('email', asText),
      phone: inner.read('phone', asText),
    }
    return Object.keys(inner.rest()).length > 0 ? undefined : omitUndefined(read)
  })
  return nonEmpty({ ...nested, ...omitUndefined(flat) })
}
