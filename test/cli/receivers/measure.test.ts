// What the matrix of receivers takes for a problem (test/receivers), with programs that answer as they are told.
import { expect, it } from 'vitest'
import type { Deliveries, Delivery, DeliveryName } from '../../receivers/deliveries.ts'
import { measureMode, type Result } from '../../receivers/measure.ts'
import type { Answer, Program } from '../../receivers/program.ts'
import type { Kind, Mode, Receiver } from '../../receivers/receiver.ts'
import { RECEIVERS } from '../../receivers/receivers.ts'

const EVENT = { id: 'evt_1', type: 'payment.created', data: { total: 36 } }
const NAMES: DeliveryName[] = [
  'payment',
  'checkin',
  'mail',
  'slack',
  'raw',
  'byte order mark',
  'two secrets',
  'structured',
  'binary',
]

/** The same event as each delivery; the header `name` says which it is. */
const DELIVERIES = Object.fromEntries<Delivery>(
  NAMES.map((name) => {
    const mark = name === 'byte order mark' ? '\ufeff' : ''
    const body = Buffer.from(`${mark}${JSON.stringify(EVENT)}`)
    return [name, { name, headers: { name, 'webhook-id': 'evt_1' }, body }]
  }),
) as Deliveries

/** Gets each delivery as it was sent, but those that have an answer of their own. */
function programOf(answers: Partial<Record<DeliveryName, Answer>>, gets: unknown): Program {
  return {
    send: async ({ headers, body }) => {
      const event = gets ?? JSON.parse(String(body).replace('\ufeff', ''))
      const isChanged = String(body).includes('Payment')
      const told = answers[headers.name as DeliveryName] ?? { status: 204, got: event }
      return isChanged ? { status: 401, got: undefined } : told
    },
    stop: async () => undefined,
  }
}

const RECEIVER: Receiver = {
  name: 'some',
  title: 'Some',
  language: 'go',
  kind: 'framework',
  packages: {},
}

async function measured(
  mode: Mode,
  answers: Partial<Record<DeliveryName, Answer>>,
  { gets, ...receiver }: Partial<Receiver> & { gets?: unknown } = {},
): Promise<Result> {
  const result: Result = { receiver: { ...RECEIVER, ...receiver }, problems: [] }
  await measureMode(result, mode, programOf(answers, gets), DELIVERIES)
  return result
}

const TWO_FIELDS = { id: 'evt_1', type: 'payment.created' }
const refused = (status: number): Answer => ({ status, got: undefined })

it.each<[what: string, payment: Answer, known: number | undefined, problems: string[]]>([
  ['gets both fields', { status: 204, got: TWO_FIELDS }, undefined, []],
  ['refuses other keys', refused(400), undefined, ['fields, payment: 400']],
  ['gets nothing', { status: 204, got: {} }, undefined, ['fields, payment: nothing']],
  ['refuses other keys, as the page tells', refused(500), 500, []],
  [
    'refuses in another way',
    refused(400),
    500,
    ['fields, payment: 400, not the 500 that is known'],
  ],
  [
    'refuses no more what the page tells',
    { status: 204, got: TWO_FIELDS },
    500,
    ['fields, payment: event, not the 500 that is known'],
  ],
])('a class of two fields %s', async (_what, payment, fieldsRefused, problems) => {
  const receiver = { gets: TWO_FIELDS, ...(fieldsRefused && { fieldsRefused }) }

  expect((await measured('fields', { payment }, receiver)).problems).toEqual(problems)
})

it('knows one framework whose class refuses other keys', () => {
  const known = RECEIVERS.filter(({ fieldsRefused }) => fieldsRefused !== undefined)

  expect(known.map(({ name, fieldsRefused }) => [name, fieldsRefused])).toEqual([['javalin', 500]])
})

it('keeps what a class gets by the type of CloudEvents for the table', async () => {
  const answers = { structured: { status: 204, got: { id: '', type: '' } } }
  const { fields, problems } = await measured('fields', answers, { gets: TWO_FIELDS })

  expect(fields).toEqual({ payment: 'event', structured: 'nothing' })
  expect(problems).toEqual([])
})

it.each<Kind>(['framework', 'verifier', 'snippet'])(
  'a recipe of a %s has to take a body that begins with a byte order mark',
  async (kind) => {
    const answers = { 'byte order mark': refused(401) }

    expect((await measured('recipe', {}, { kind })).problems).toEqual([])
    expect((await measured('recipe', answers, { kind })).problems).toEqual([
      'recipe, byte order mark: 401',
    ])
  },
)

it('may refuse a mail that is too large by default, and not lose it', async () => {
  expect((await measured('defaults', { mail: refused(413) })).problems).toEqual([])
  expect((await measured('defaults', { mail: { status: 204, got: null } })).problems).toEqual([
    'defaults, mail: nothing',
  ])
})
