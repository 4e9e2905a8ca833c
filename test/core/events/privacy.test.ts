import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OPEN_PARTS, redact, SENSITIVE_FIELDS } from '../../../src/core/events/privacy.ts'
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
    'clientBirthDate',
    'memberDOB',
  ],
  gender: ['gender', 'Gender', 'GENDER', 'sex', 'clientGender'],
  address: [
    'address',
    'Address',
    'fullAddress',
    'address_line_1',
    'street',
    'postCode',
    'zip',
    'contactAddress',
  ],
  emergency_contact: [
    'emergency_contact',
    'emergencyFirstName',
    'Emergency Phone',
    'contactEmergencyPhone',
  ],
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

    const others = SENSITIVE_FIELDS.filter((one) => one !== field)

    expect(redact(event, []).data.extra).toBeUndefined()
    expect(redact(event, [field]).data.extra).toEqual({ [key]: 'value' })
    expect(redact(event, [...others, ...OPEN_PARTS]).data.extra).toBeUndefined()
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

    expect(redact(event, ['extra']).data.extra).toEqual({ people: [[{ a: { b: 1 } }], 'gender'] })
  })

  it('keeps the spelling of numbers and keys called __proto__', () => {
    const extra = parseJson('{"n":1.50,"__proto__":{"gender":"f","ok":2.0}}')
    const { data } = redact(anEvent({ data: { contact: {}, extra } }), ['extra'])

    expect(JSON.stringify(data.extra)).toBe('{"n":1.50,"__proto__":{"ok":2.0}}')
  })

  // src/vendors/extra.ts prefixes such keys with the name of the envelope.
  it('withholds a sensitive key of an envelope beside one of the same name inside', () => {
    const extra = { gender: 'f', 'envelope.gender': 'f', 'envelope.birthDate': '1990-01-01' }
    const event = anEvent({ data: { contact: {}, extra } })

    expect(redact(event, ['extra']).data.extra).toBeUndefined()
  })

  // A Hapana `message` that is not text, or occurs in two spellings, is kept in `extra` under its own key.
  it('withholds the body of a message that could not be read', () => {
    const extra = { message: { html: 'reset your password' } }
    const event = anEvent({
      type: 'message.sent',
      data: { contact: {}, message: { channel: 'email' }, extra },
    })

    expect(JSON.stringify(redact(event, []))).not.toContain('password')
    expect(JSON.stringify(redact(event, ['extra']))).not.toContain('password')
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

describe('what the mapping does not know', () => {
  const UNKNOWN = {
    nextOfKin: 'Rui',
    guardianPhone: '+61 400',
    medicalConditions: 'asthma',
    city: 'Perth',
    html: '<b>x</b>',
    content: 'x',
    bodyHtml: '<b>x</b>',
  }

  it('is withheld from a target without include, wherever it is', () => {
    const event = anEvent({
      type: 'membership.status_changed',
      data: {
        contact: { vendor_id: 'C1', custom_properties: UNKNOWN },
        acquisition: { region: 'AU', extra: UNKNOWN },
        membership: { status: 'active', packages: [{ vendor_id: 'P1', extra: UNKNOWN }] },
        checkin: { status: 'valid', custom_properties: UNKNOWN },
        extra: UNKNOWN,
      },
    })

    expect(redact(event, []).data).toEqual({
      contact: { vendor_id: 'C1' },
      acquisition: { region: 'AU' },
      membership: { status: 'active', packages: [{ vendor_id: 'P1' }] },
      checkin: { status: 'valid' },
    })
    expect(redact(event, ['extra', 'custom_properties', 'message_body']).data).toEqual(event.data)
  })

  it('has the keys that are named, in any spelling', () => {
    const event = anEvent({
      data: { contact: {}, extra: { ...UNKNOWN, 'envelope.city': 'Rome', T_shirt: 'M' } },
    })

    expect(redact(event, ['extra.City', 'extra.t-shirt']).data.extra).toEqual({
      city: 'Perth',
      'envelope.city': 'Rome',
      T_shirt: 'M',
    })
    expect(redact(event, ['custom_properties', 'custom_properties.city']).data.extra).toBe(
      undefined,
    )
  })

  it('has a sensitive key that is named itself', () => {
    const event = anEvent({ data: { contact: {}, extra: { message: 'Hi', medicalNotes: 'x' } } })

    expect(redact(event, ['extra.message', 'extra.medical_notes']).data.extra).toEqual(
      event.data.extra,
    )
  })

  const all = ['custom_properties']
  const size = ['custom_properties.shirt size']
  const birth = ['birth_date']
  const custom = [
    { name: 'Date of Birth', value: '1990-01-01' },
    { name: 'Medical notes', value: 'asthma' },
    { name: 'Shirt size', value: 'M' },
  ]
  const listOf = (...indices: number[]) => indices.map((i) => custom[i])
  const object = { 'Date of Birth': '1990-01-01', 'Medical notes': 'asthma', 'Shirt size': 'M' }
  const items = [{ 'Date of Birth': '1990-01-01' }, { 'Shirt size': 'M' }, 'x']
  it.each([
    ['an object', object, [], undefined],
    ['an object', object, size, { 'Shirt size': 'M' }],
    ['an object', object, all, { 'Shirt size': 'M' }],
    ['an object', object, birth, { 'Date of Birth': '1990-01-01' }],
    ['a list', custom, [], undefined],
    ['a list', custom, size, listOf(2)],
    ['a list', custom, all, listOf(2)],
    ['a list', custom, [...all, 'notes'], listOf(1, 2)],
    ['a list', custom, birth, listOf(0)],
    ['a list under another key', [{ fieldName: 'City', text: 'Perth' }], size, undefined],
    ['a list of objects', items, size, [{ 'Shirt size': 'M' }]],
    ['a list of objects', items, all, [{ 'Shirt size': 'M' }, 'x']],
    ['JSON in a text', JSON.stringify(object), [], undefined],
    ['JSON in a text', JSON.stringify(object), size, '{"Shirt size":"M"}'],
    ['JSON in a text', JSON.stringify(object), all, '{"Shirt size":"M"}'],
    ['a list in a text', JSON.stringify(custom), [], undefined],
    ['a list in a text', JSON.stringify(custom), size, JSON.stringify(listOf(2))],
    ['a number in a text', '{"Shirt size":1.50}', size, '{"Shirt size":1.50}'],
    ['a text', '[VIP] since 2019', size, undefined],
    ['a text', '[VIP] since 2019', all, '[VIP] since 2019'],
    ['a number', 7, size, undefined],
    ['a number', 7, all, 7],
    ['a deep text', `{"Shirt size":${'['.repeat(9999)}${']'.repeat(9999)}}`, size, undefined],
  ] as const)('as %s of custom properties: %j with %j is %j', (_, properties, include, seen) => {
    const event = anEvent({ data: { contact: { custom_properties: properties } } })

    expect(redact(event, [...include]).data.contact).toEqual(
      seen === undefined ? {} : { custom_properties: seen },
    )
  })
})

describe('an open part that is sent as a whole', () => {
  const BIRTH = '1990-01-02'
  const FREE = { name: 'Shirt', value: 'M' }
  const sensitive = { name: 'Date of Birth', value: BIRTH }

  it.each([
    ['a list inside', { profile: { fields: [FREE, sensitive] } }, { profile: { fields: [FREE] } }],
    ['an object inside', { first: FREE, second: sensitive }, { first: FREE }],
    ['a second name', [FREE, { field: 'cf_2', ...sensitive }], [FREE]],
    [
      'a text inside',
      { sent: JSON.stringify({ size: 'M', birthDate: BIRTH }), note_id: '[1] {2}' },
      { sent: '{"size":"M"}', note_id: '[1] {2}' },
    ],
  ])('has no sensitive field in %s', (_where, extra, left) => {
    const event = anEvent({ data: { contact: {}, extra } })

    expect(redact(event, ['extra']).data.extra).toEqual(left)
    expect(redact(event, ['extra', 'birth_date']).data.extra).toEqual(extra)
  })
})
