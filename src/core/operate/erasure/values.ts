// What identifies a person in their events: the values that an erasure searches for. What many people share, such as a date
// of birth or a given name, is erased with the events, and not searched for.
import { EMAIL_PREFIX, normalizeEmail, TEST_PREFIX } from '../../events/contact-key.ts'
import { isObject } from '../../intake/json.ts'
import { numberWord, wordsOf } from './words.ts'

/** The kinds of values that are searched for. */
export const VALUE_KINDS = ['id', 'email', 'phone', 'name', 'street', 'image', 'card'] as const
export type ValueKind = (typeof VALUE_KINDS)[number]

/** A value as it is searched for. `source`: of an id, the source that gave it; others may use the same one. */
export type IdentifyingValue = { kind: ValueKind; words: string[]; source: string | null }

/** What is read of an event, each null where it has none: its contact, the receiver of a mail, the number of a key fob. */
export type PersonalParts = { contact: unknown; to: unknown; fob: unknown }

/** Ids with fewer characters are only looked for behind a word that says what they are. */
const MIN_ID_LENGTH = 8

/** How vendors, and the relay, write that a number is the id of a contact. */
const ID_NAMES = [
  'contact',
  'person',
  'contact vendor id',
  'contact id',
  'client id',
  'clientid',
  'contactid',
  'member id',
  'memberid',
  'customer id',
  'user id',
]

/** The values of the key of a contact: the id or the address, and its words behind each name where it is short. */
export function valuesOfKey(source: string, key: string): IdentifyingValue[] {
  const own = key.startsWith(TEST_PREFIX) ? key.slice(TEST_PREFIX.length) : key
  if (own.startsWith(EMAIL_PREFIX)) return emailValues(own.slice(EMAIL_PREFIX.length))
  const words = wordsOf(own.split('\u001f')[0] ?? own)
  if (words.length === 0) return []
  if (words.join('').length >= MIN_ID_LENGTH) return [{ kind: 'id', words, source }]
  return ID_NAMES.map((name) => ({ kind: 'id', words: [...name.split(' '), ...words], source }))
}

/** The values in the personal parts of an event. */
export function valuesOfParts({ contact, to, fob }: PersonalParts): IdentifyingValue[] {
  const own = isObject(contact) ? contact : {}
  const emergency = isObject(own.emergency_contact) ? own.emergency_contact : {}
  return [
    ...[own, emergency].flatMap((human) => [
      ...emailValues(human.email),
      ...emailValues(human.email_normalized),
      ...phoneValues(human.phone),
      ...nameValues(human),
    ]),
    ...streetValues(own.address),
    ...longValues('image', own.image_url, 4),
    ...cardValues(own.barcode),
    ...cardValues(fob),
    ...emailValues(to),
    ...phoneValues(to),
  ]
}

function emailValues(text: unknown): IdentifyingValue[] {
  const email = typeof text === 'string' ? normalizeEmail(text) : undefined
  const words = email === undefined ? [] : wordsOf(email)
  return words.length < 3 ? [] : [{ kind: 'email', words, source: null }]
}

function phoneValues(text: unknown): IdentifyingValue[] {
  const isNumber = typeof text === 'string' && /^[\d\s().+\-/]+$/.test(text)
  const word = isNumber ? numberWord(text) : undefined
  return word === undefined ? [] : [{ kind: 'phone', words: [word], source: null }]
}

function nameValues({
  given_name,
  family_name,
  full_name,
}: Record<string, unknown>): IdentifyingValue[] {
  const names = [
    full_name,
    [given_name, family_name].filter((one) => typeof one === 'string').join(' '),
  ]
  return names.flatMap((name) => longValues('name', name, 2))
}

/** The street of an address, which may be a text, or an object with the street under any of some keys. */
function streetValues(address: unknown): IdentifyingValue[] {
  if (typeof address === 'string') return longValues('street', address, 3)
  if (!isObject(address)) return []
  return Object.entries(address)
    .filter(([key]) => /street|line|^address/i.test(key))
    .flatMap(([, value]) => longValues('street', value, 2))
}

function cardValues(text: unknown): IdentifyingValue[] {
  return typeof text === 'string' && wordsOf(text).join('').length >= MIN_ID_LENGTH - 2
    ? [{ kind: 'card', words: wordsOf(text), source: null }]
    : []
}

function longValues(kind: ValueKind, text: unknown, minWords: number): IdentifyingValue[] {
  const words = typeof text === 'string' ? wordsOf(text) : []
  const isLong = words.length >= minWords && words.join('').length >= 6
  return isLong ? [{ kind, words, source: null }] : []
}
