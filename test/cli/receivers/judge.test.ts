// How the matrix of receivers judges what a handler got (test/receivers).
import { expect, it } from 'vitest'
import { differenceOf, judge, judgeFields, type Verdict, worse } from '../../receivers/judge.ts'

const EVENT = {
  id: 'evt_1',
  type: 'payment.created',
  time: '2026-11-21T18:09:17Z',
  mappingversion: 3,
  test: true,
  data: { total: 36, name: 'Zoë' },
}

it.each<[what: string, status: number, got: unknown, verdict: string | number]>([
  ['all of it', 204, EVENT, 'event'],
  [
    'the same instant, written by a date library',
    204,
    { ...EVENT, time: '2026-11-21T18:09:17.000Z' },
    'event',
  ],
  ['another instant', 204, { ...EVENT, time: '2026-11-21T18:09:18Z' }, 'altered'],
  ['no line of a handler', 204, undefined, 'nothing'],
  ['null', 204, null, 'nothing'],
  ['an empty object', 204, {}, 'nothing'],
  ['a class whose fields are empty', 204, { id: '', type: '' }, 'nothing'],
  ['the body as text', 204, JSON.stringify(EVENT), 'text'],
  ['a part of the body as text', 204, JSON.stringify(EVENT).slice(1), 'altered'],
  ['attributes as text', 204, { ...EVENT, mappingversion: '3', test: 'true' }, 'text values'],
  ['one attribute as text', 204, { ...EVENT, mappingversion: '3' }, 'altered'],
  ['data with another type', 204, { ...EVENT, data: { total: '36', name: 'Zoë' } }, 'altered'],
  ['one attribute less', 204, { ...EVENT, test: undefined }, 'altered'],
  ['all of it, and refuses it', 415, EVENT, 415],
  ['nothing, as the connection ends', 0, undefined, 0],
])('a handler gets %s: %i is %s', (_what, status, got, verdict) => {
  expect(judge({ status, got }, EVENT)).toBe(verdict)
})

it.each<[what: string, status: number, got: unknown, verdict: string | number]>([
  ['both', 204, { id: 'evt_1', type: 'payment.created' }, 'event'],
  ['empty ones', 204, { id: '', type: '' }, 'nothing'],
  ['another', 204, { id: 'evt_2', type: 'payment.created' }, 'altered'],
  ['none, as unknown keys are refused', 500, undefined, 500],
])('a class of two fields gets %s', (_what, status, got, verdict) => {
  expect(judgeFields({ status, got }, EVENT)).toBe(verdict)
})

it.each<[one: Verdict, other: Verdict, expected: Verdict]>([
  ['event', 'event', 'event'],
  ['event', 415, 415],
  [400, 'nothing', 'nothing'],
  ['nothing', 415, 'nothing'],
  ['text values', 400, 'text values'],
  [415, 400, 415],
])('of %s and %s, %s is the worse', (one, other, expected) => {
  expect(worse(one, other)).toBe(expected)
})

it('names the first path that differs', () => {
  const got = { ...EVENT, data: { total: 36, name: 'Zo' } }

  expect(differenceOf(got, EVENT)).toBe('.data.name: "Zo" instead of "Zoë"')
  expect(differenceOf(EVENT, EVENT)).toBe('')
})
