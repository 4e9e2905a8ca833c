// The person in Hapana's messages. Support articles 527 and 529 have the full profile, the others parts of it.

import { normalizeEmail } from '../../core/events/contact-key.ts'
import {
  asIs,
  asText,
  type Fields,
  namingEmpty,
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
  const email = fields.readNullable('email', asText)
  return namingEmpty({
    email,
    email_normalized: normalizeEmail(email),
    full_name: fields.readNullable('name', asText),
    given_name: fields.readNullable('firstName', asText),
    family_name: fields.readNullable('lastName', asText),
    phone: fields.readNullable('phone', asText),
    gender: fields.readNullable('gender', asText),
    birth_date: fields.readNullable(['birthDate', 'dateOfBirth', 'dob'], asDate(site)),
    joined_on: fields.readNullable(['joinDate', 'memberSince'], asDate(site)),
    lead_source: fields.readNullable('leadSource', asText),
    barcode: fields.readNullable(['barcodeID', 'barcode'], asText),
    address: fields.readNullable(['address', 'fullAddress'], asIs),
    image_url: fields.readNullable('profileImage', asText),
    emergency_contact: readEmergencyContact(fields, warnings),
    custom_properties:
      type === 'checkIn' ? undefined : fields.readNullable('customProperties', asIs),
  })
}

/** Five flat keys in the articles, one name in the overview (526), perhaps an object. Null if what is sent has no value. */
function readEmergencyContact(fields: Fields, warnings: Warning[]) {
  const { empty, ...flat } = namingEmpty({
    given_name: fields.readNullable('emergencyFirstName', asText),
    family_name: fields.readNullable('emergencyLastName', asText),
    full_name: fields.readNullable('emergencyName', asText),
    email: fields.readNullable('emergencyEmail', asText),
    phone: fields.readNullable('emergencyPhone', asText),
  })
  const nested = fields.readNullable('emergencyContact', (value) => {
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
  return nonEmpty({ ...nested, ...flat }) ?? (empty || nested === null ? null : undefined)
}
