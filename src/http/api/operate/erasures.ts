// Erasing people: a dry run, the act, its receipt, whether it left anything, and who is kept out.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { isPersonId, type PersonId } from '../../../core/id.ts'
import type { Erasure as ErasureNow } from '../../../core/operate/erasure/erasure.ts'
import type { Env } from '../../../env.ts'
import { erase, planErasure, suppressPerson } from '../../../stages/operate/acts/erasure.ts'
import { verifyErased } from '../../../stages/operate/erasure/verify.ts'
import {
  getErasure,
  listErasedValues,
  listErasures,
} from '../../../store/operate/erasure/erasures.ts'
import { body, describe, query } from '../../operation.ts'
import { operatorOf } from '../../operator.ts'
import { problem } from '../../problems.ts'
import { refusalProblem } from '../../refusals.ts'
import type { ApiTools } from '../../tools.ts'
import {
  ErasedValue,
  ErasurePage,
  ErasurePlan,
  ErasureReceipt,
  ErasureVerification,
} from '../answers/index.ts'
import { flag, instant, Person, text } from '../fields.ts'

const PAGE = 100

const EraseBody = v.strictObject({
  dry_run: flag(true),
  suppress: flag(false),
})
const SuppressBody = v.strictObject({ suppress: v.boolean('must be true or false') })
const AfterQuery = v.strictObject({
  after: v.exactOptional(v.pipe(Person, v.description('`next` of the previous page'))),
})

/** What a receipt gives a search. Its other members may be there: a receipt is sent as it is. */
const VerifyBody = v.strictObject({
  receipt: v.object({
    person: Person,
    asked_at: v.pipe(v.string(), v.isoTimestamp('must be a time')),
    salt: text,
    values: v.pipe(v.array(ErasedValue), v.maxLength(2000, 'must have at most 2000 values')),
  }),
  after: v.exactOptional(v.pipe(v.string(), v.description('`next` of the previous call'))),
})

/** The routes about erased people, under `/api/people`. */
export function erasures({ configOf, ...tools }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .get(
      '/erased',
      describe({
        summary: 'The people who were erased, or are being erased',
        details: 'By their IDs. `kept_out` counts messages that came later and were kept out.',
        answers: { 200: ErasurePage },
      }),
      query(AfterQuery),
      async (c) => {
        const found = await listErasures(c.env.DB, c.req.valid('query').after, PAGE)
        const next = found.length === PAGE ? (found.at(-1)?.person ?? null) : null
        return c.json({ erasures: found.map(shownErasure), next })
      },
    )
    .post(
      '/erased/verify',
      describe({
        summary: 'Search everything that is stored for the values of a receipt',
        details:
          'Every text of every table and object, some part in each call: call again with `after` until `next` is null. Nothing changes.',
        answers: { 200: ErasureVerification },
      }),
      body(VerifyBody),
      async (c) => {
        const { receipt, after } = c.req.valid('json')
        const { person, salt, values } = receipt
        const searched = { person, salt, values, askedAt: Date.parse(receipt.asked_at) }
        try {
          const { next, ...result } = await verifyErased(c.env, searched, after, tools)
          return c.json({ ...result, next: next ?? null })
        } catch (error) {
          if (!(error instanceof RangeError)) throw error
          return problem(400, 'bad-body', 'after must be the `next` of a previous call.')
        }
      },
    )
    .post(
      '/:id/erase',
      describe({
        summary: 'Erase a person: every value of every contact, wherever it is stored',
        details:
          'By default (`dry_run`), only shows what would be erased. Else returns the receipt; while its `state` is `erasing`, call again, or leave the rest to the cron. With `suppress`, later messages of its contacts are kept out.',
        answers: { 200: v.union([ErasurePlan, ErasureReceipt]) },
        problems: [404],
      }),
      body(EraseBody),
      async (c) => {
        const operator = operatorOf(c, configOf)
        const { dry_run, suppress } = c.req.valid('json')
        const id = c.req.param('id')
        if (dry_run) {
          const plan = await planErasure(operator, id)
          if (!plan.ok) return refusalProblem(plan.error)
          return c.json({ person: id as PersonId, dry_run, ...plan.value })
        }
        const erased = await erase({ ...operator, env: c.env }, id, suppress, tools)
        if (!erased.ok) return refusalProblem(erased.error)
        return c.json(await receiptOf(c.env.DB, erased.value))
      },
    )
    .get(
      '/:id/erasure',
      describe({
        summary: 'The receipt of an erasure',
        details: 'What was erased where, by hash and count, without values.',
        answers: { 200: ErasureReceipt },
        problems: [404],
      }),
      async (c) => {
        const id = c.req.param('id')
        const isErased = isPersonId(id) && (await getErasure(c.env.DB, id)) !== undefined
        if (!isErased) return refusalProblem({ kind: 'not_erased' })
        return c.json(await receiptOf(c.env.DB, id))
      },
    )
    .post(
      '/:id/suppress',
      describe({
        summary: 'Keep later messages of an erased person out, or let them in again',
        details: 'What is kept out is an erased event without values, and counted.',
        answers: { 200: ErasureReceipt },
        problems: [404],
      }),
      body(SuppressBody),
      async (c) => {
        const operator = operatorOf(c, configOf)
        const { suppress } = c.req.valid('json')
        const done = await suppressPerson(operator, c.req.param('id'), suppress, tools)
        if (!done.ok) return refusalProblem(done.error)
        return c.json(await receiptOf(c.env.DB, done.value))
      },
    )
}

/** An erasure as it is shown. */
export function shownErasure(erasure: ErasureNow) {
  const { person, step, askedAt, doneAt, suppress, keptOut, keptOutAt, counts } = erasure
  return {
    ...{ person, step, suppress, counts },
    state: step === 'done' ? ('done' as const) : ('erasing' as const),
    asked_at: instant(askedAt) ?? '',
    done_at: instant(doneAt),
    kept_out: keptOut,
    kept_out_at: instant(keptOutAt),
  }
}

async function receiptOf(db: D1Database, person: PersonId) {
  const erasure = await getErasure(db, person)
  if (erasure === undefined) throw new Error(`${person} is not being erased`)
  return {
    ...shownErasure(erasure),
    salt: erasure.salt,
    values: await listErasedValues(db, person),
  }
}
