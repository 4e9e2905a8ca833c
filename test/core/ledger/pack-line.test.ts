// A line of a pack: all that the rows of an event hold, to the byte.
import { describe, expect, it } from 'vitest'
import { idOfKey } from '../../../src/core/id.ts'
import {
  idOfLine,
  lineOf,
  readLine,
  rowsOf,
  type StoredDelivery,
  type StoredEvent,
  type StoredRows,
  writeLine,
} from '../../../src/core/ledger/pack-line.ts'

const KEY = '1781234567890123'

function anEvent(overrides: Partial<StoredEvent> = {}): StoredEvent {
  return {
    key: KEY,
    source: 'gym',
    vendor: 'hapana',
    status: 'accepted',
    type: 'payment.created',
    vendor_type: 'payment',
    contact: 'client-1',
    planned: 0,
    hops: 0,
    dedup_key: '0123456789abcdef',
    dedup_stamp: '2026-01-01T00:00:00Z',
    rung: null,
    matched: null,
    encoding: 'utf8',
    headers: '{"content-type":"application/json"}',
    issues: null,
    event: '{"type":"payment.created","data":{"payment":{"amount":"12.50"}}}',
    raw: '{"payment": 12.50}\r\n',
    at: 1_764_000_000_000,
    event_name: null,
    dismissed: null,
    ...overrides,
  }
}

function aDelivery(overrides: Partial<StoredDelivery> = {}): StoredDelivery {
  return {
    target: 'crm',
    state: 'delivered',
    reason: null,
    attempt: 2,
    first: 1,
    due: null,
    attempts: '[{"attempt":1,"at":"2026-01-01T00:00:01.000Z","ms":80,"status":200}]',
    body: null,
    content_type: null,
    headers: null,
    replayed: 0,
    swept: null,
    lease_holder: null,
    lease_until: null,
    ...overrides,
  }
}

/** The rows as they are after they were written and read again. */
const again = (rows: StoredRows) => rowsOf(readLine(writeLine(lineOf(rows)).trimEnd()))

describe('the rows of an event', () => {
  it.each<[string, Partial<StoredEvent>, Partial<StoredDelivery>[]]>([
    ['with no delivery', {}, []],
    ['with several deliveries', { planned: 2 }, [{ target: 'a' }, { target: 'b' }]],
    ['with nothing that may be missing', { ...NULLS }, []],
    [
      'with all that may be there',
      {
        hops: 3,
        rung: 'possible_duplicate',
        matched: '1781234567890122',
        event_name: 'payment',
      },
      [
        {
          reason: 'backing_off',
          due: 5,
          swept: 6,
          first: 3,
          replayed: 1,
          lease_holder: 'm',
          lease_until: 7,
        },
      ],
    ],
    ['whose bytes are no text', { encoding: 'base64', raw: '/wD+AA==' }, []],
    ['whose bytes are past their retention', { raw: null }, []],
    ['of the relay, which has no bytes', { raw: '', contact: null, at: null }, []],
    [
      'in quarantine',
      {
        status: 'quarantined',
        event: null,
        issues: '[{"path":"a","message":"b"}]',
        dismissed: 'sp"am\n',
      },
      [],
    ],
    ['inferred', { status: 'inferred', contact: 'email:a@b.example' }, []],
    [
      'with half of a pair of surrogates',
      { event: JSON.stringify({ a: '\ud83d' }), headers: JSON.stringify({ b: '\udc00' }) },
      [],
    ],
    [
      'with line separators and a NUL',
      { event: JSON.stringify({ a: '\u2028\u2029\0' }), raw: 'a\u2028\r\nb' },
      [],
    ],
    [
      'with numbers in their own spelling',
      { event: '{"a":1.50,"b":12345678901234567890,"c":-0}' },
      [],
    ],
    ['with keys that JavaScript would sort', { headers: '{"b":"1","2":"x","1":"y"}' }, []],
    ['with a key that is written twice', { event: '{"a":1,"a":2}' }, []],
    ['with a key of objects', { event: '{"__proto__":{"a":1}}' }, []],
    ['with JSON that is a text', { issues: '"a text"' }, []],
    ['with a text that is no JSON', { headers: '{', event: '' }, []],
    [
      'with an attempt that failed, and what was answered',
      { planned: 1 },
      [
        {
          state: 'dead',
          reason: 'exhausted',
          attempts:
            '[{"attempt":1,"ms":3,"status":500,"response":"<p>\\ud83d\\n"},{"attempt":2, "error":"dns"}]',
          body: '{"a":"\u00e9"}\n',
          content_type: 'application/json',
          headers: '{"ce-id":"1","x-custom":"y"}',
        },
      ],
    ],
    ['that was promised a delivery that is not there', { planned: 3 }, [{}]],
  ])('%s come back to the byte', (_, event, deliveries) => {
    const rows = { event: anEvent(event), deliveries: deliveries.map(aDelivery) }

    expect(again(rows)).toEqual(rows)
  })
})

const NULLS = {
  vendor_type: null,
  contact: null,
  dedup_stamp: null,
  rung: null,
  matched: null,
  issues: null,
  event: null,
  raw: null,
  at: null,
  event_name: null,
  dismissed: null,
} satisfies Partial<StoredEvent>

describe('a line', () => {
  it('is one line, which tools can look into', () => {
    const line = writeLine(lineOf({ event: anEvent({ planned: 1 }), deliveries: [aDelivery()] }))

    expect(line.match(/\n/g)).toHaveLength(1)
    expect(JSON.parse(line)).toMatchObject({
      v: 1,
      id: idOfKey(KEY),
      event: { data: { payment: { amount: '12.50' } } },
      headers: { 'content-type': 'application/json' },
      deliveries: [{ target: 'crm', attempts: [{ status: 200 }] }],
    })
  })

  it('leaves out what is null or a default', () => {
    const line = lineOf({ event: anEvent(NULLS), deliveries: [] })

    expect(Object.keys(line)).toEqual([
      'v',
      'id',
      'receivedat',
      'source',
      'vendor',
      'status',
      'type',
      'dedup_key',
      'headers',
      'deliveries',
    ])
  })

  it('tells its id without being read', () => {
    expect(idOfLine(writeLine(lineOf({ event: anEvent(), deliveries: [] })))).toBe(idOfKey(KEY))
    expect(idOfLine('{"id":"evt_1"}')).toBeUndefined()
  })

  it('of another version is refused by name', () => {
    expect(() => readLine('{"v":2}')).toThrow('a pack line of version 2: this version reads 1')
  })
})
