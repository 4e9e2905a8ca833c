import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redact, SENSITIVE_FIELDS } from '../../../src/core/events/privacy.ts'
import { parseJson } from '../../../src/core/intake/json.ts'
import { anEvent } from '../builders.ts'

/** Keys that carry a sensitive value, as vendors spell them, by the name that `include` takes. */
const KEYS = {
  birth_date: [
    'birth_date',
    'birthDate',
    'Birth Date',
    'birthdate',
    'dateOfBirth',
    'DOB',
    'birthday',
  ],
  gender: ['gender', 'Gender', 'GENDER', 'sex'],
  address: ['address', 'Address', 'fullAddress', 'address_line_1', 'street', 'postCode', 'zip'],
  emergency_contact: ['emergency_contact', 'emergencyFirstName', 'Emergency Phone'],
  message_body: ['message_body', 'messageHtml', 'Message Text'],
  notes: ['notes', 'note', 'Notes', 'clientNotes', 'medical_notes'],
} as const
const ALL_KEYS = Object.values(KEYS).flat()

const contactWith = (extra: object) => anEvent({ data: { contact: { vendor_id: 'C1', ...extra } } })

describe('redact', () => {
  it('covers the six sensitive fields', () => {
    expect(SENSITIVE_FIELDS).toEqual(Object.keys(KEYS))
  })

  const rows = Object.entries(KEYS).flatMap(([field, keys]) =>
    keys.map((key) => [key, field] as const),
  )

  it.each(rows)('withholds %j, unless %s is included', (key, field) => {
    const event = anEvent({ data: { contact: {}, extra: { [key]: 'value' } } })

    expect(redact(event, []).data.extra).toEqual({})
    expect(redact(event, [field as never]).data.extra).toEqual({ [key]: 'value' })
    expect(
      redact(
        event,
        SENSITIVE_FIELDS.filter((one) => one !== field),
      ).data.extra,
    ).toEqual({})
  })

  it.each([
    'email',
    'phone',
    'full_name',
    'email_address_verified',
    'agenda',
    'released_notes_count',
    'notable',
    'stringent',
    'tier',
    'status',
    'message',
    'subject',
    'barcode',
  ])('does not withhold %s', (key) => {
    expect(redact(contactWith({ [key]: 'x' }), []).data.contact).toEqual({
      vendor_id: 'C1',
      [key]: 'x',
    })
  })

  it('withholds the body of a message but not its subject', () => {
    const message = { channel: 'email', subject: 'Welcome', body: '<b>x</b>', body_format: 'html' }
    const event = anEvent({ type: 'message.sent', data: { contact: {}, message } })

    expect(redact(event, []).data).toEqual({
      contact: {},
      message: { channel: 'email', subject: 'Welcome', body_format: 'html' },
    })
    expect(redact(event, ['message_body'])).toEqual(event)
  })

  it('searches objects and lists at every level', () => {
    const event = anEvent({
      data: { contact: {}, extra: { people: [[{ a: { gender: 'f', b: 1 } }], 'gender'] } },
    })

    expect(redact(event, []).data.extra).toEqual({ people: [[{ a: { b: 1 } }], 'gender'] })
  })

  it('keeps the spelling of numbers and keys called __proto__', () => {
    const extra = parseJson('{"n":1.50,"__proto__":{"gender":"f","ok":2.0}}')
    const event = anEvent({ data: { contact: {}, extra } })

    expect(JSON.stringify(redact(event, []).data.extra)).toBe('{"n":1.50,"__proto__":{"ok":2.0}}')
  })

  // src/vendors/extra.ts prefixes such keys with the name of the envelope.
  it('withholds a sensitive key of an envelope beside one of the same name inside', () => {
    const extra = { gender: 'f', 'envelope.gender': 'f', 'envelope.birthDate': '1990-01-01' }
    const event = anEvent({ data: { contact: {}, extra } })

    expect(redact(event, []).data.extra).toEqual({})
  })

  // A Hapana `message` that is not text, or occurs in two spellings, is kept in `extra` under its own key.
  it('withholds the body of a message that could not be read', () => {
    const extra = { message: { html: 'reset your password' } }
    const event = anEvent({
      type: 'message.sent',
      data: { contact: {}, message: { channel: 'email' }, extra },
    })

    expect(JSON.stringify(redact(event, []))).not.toContain('password')
  })

  const MARK = 'SENSITIVE-7f3a'
  const sensitive = fc.dictionary(
    fc.constantFrom(...ALL_KEYS),
    fc.constantFrom<unknown>(MARK, [MARK], { x: MARK }),
  )
  // A random key is sometimes `dob`; a key that begins with an x is never sensitive.
  const leaf = fc.jsonValue({ maxDepth: 0 })
  const odd = fc.dictionary(
    fc.string().map((key) => `x${key}`),
    leaf,
  )
  const harmless = fc.dictionary(
    fc.constantFrom('tier', 'vendor_id', 'x'),
    fc.oneof(leaf, fc.array(leaf), odd),
  )
  const { data } = fc.letrec<{ data: Record<string, unknown>; value: unknown }>((tie) => ({
    data: fc
      .tuple(
        sensitive,
        harmless,
        fc.dictionary(fc.constantFrom('a', 'b'), tie('value'), { maxKeys: 2 }),
      )
      .map((parts) => Object.assign({}, ...parts) as Record<string, unknown>),
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      tie('data'),
      fc.array(tie('data'), { maxLength: 2 }),
    ),
  }))

  it('withholds sensitive values at any depth, and does not change the event itself', () => {
    fc.assert(
      fc.property(data, (content) => {
        const event = anEvent({
          data: { contact: content, extra: { deep: [content] }, message: { body: MARK } },
        })
        const before = JSON.stringify(event)
        expect(JSON.stringify(redact(event, []))).not.toContain(MARK)
        expect(JSON.stringify(event)).toBe(before)
      }),
    )
  })

  it('withholds nothing from a target that includes everything, and harmless values from none', () => {
    fc.assert(
      fc.property(data, harmless, (content, plain) => {
        const event = anEvent({ data: { contact: content } })
        expect(redact(event, SENSITIVE_FIELDS)).toEqual(event)
        expect(redact(anEvent({ data: { contact: plain } }), []).data.contact).toEqual(plain)
      }),
    )
  })
})
