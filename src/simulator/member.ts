// Generated members. None of them exists: addresses are at example.com (RFC 2606), phone numbers are reserved for fiction.
import { hexOf } from '../core/intake/signature.ts'
import { type Random, seededRandom } from './random.ts'

/** A member with the ids that each vendor gives them. */
export type Member = {
  /** Hapana's ids of the client and of the site. */
  clientId: string
  siteId: string
  /** Hype's ids of the contact and of the account. */
  contactId: string
  publisherId: string
  givenName: string
  familyName: string
  email: string
  phone: string
  gender: string
  birthDate: string
  address: string
  barcode: string
}

const GIVEN_NAMES = ['Ana', 'Ben', 'Chloe', 'Dev', 'Elif', 'Finn', 'Grace', 'Hana', 'Ivo'] as const
const FAMILY_NAMES = ['Silva', 'Costa', 'Nguyen', 'Okafor', 'Novak', 'Meyer', 'Rossi'] as const
const STREETS = ['Example Street', 'Sample Road', 'Specimen Lane'] as const

/** The member with a number, generated from the seed. All members of a seed have the same site and account. */
export function memberOf(seed: string, number: number): Member {
  const random = seededRandom(seed, 'member', number)
  const place = seededRandom(seed, 'place')
  const [givenName, familyName] = [random.pick(GIVEN_NAMES), random.pick(FAMILY_NAMES)]
  const two = (value: number) => String(value).padStart(2, '0')
  const suffix = hexOf(random.bytes(4))
  return {
    clientId: hapanaId(random),
    siteId: hapanaId(place),
    contactId: uuid(random),
    publisherId: uuid(place),
    givenName,
    familyName,
    email: `${givenName}.${familyName}.${suffix}@example.com`.toLowerCase(),
    phone: `+120255501${two(random.below(100))}`,
    gender: random.pick(['Female', 'Male', 'Other']),
    birthDate: `${1955 + random.below(50)}-${two(1 + random.below(12))}-${two(1 + random.below(28))}`,
    address: `${1 + random.below(200)} ${random.pick(STREETS)}, Sydney`,
    barcode: String(random.below(10_000_000)).padStart(7, '0'),
  }
}

/** An id in the form of Hapana's: 16 bytes, base64-encoded twice. */
function hapanaId(random: Random): string {
  return btoa(btoa(String.fromCharCode(...random.bytes(16))))
}

/** A random UUID (RFC 9562, version 4). */
function uuid(random: Random): string {
  const bytes = random.bytes(16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return hexOf(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
