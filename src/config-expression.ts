// JSONata (https://jsonata.org) as `where` and `transform` use it.
import jsonata from 'jsonata'
import type { Expression } from './core/target.ts'

/** Steps after which an expression counts as endless. The clock stands still while a Worker computes, so they are counted. */
const MAX_STEPS = 100_000

/** What JSONata calls at each step of an evaluation, with what belongs to that evaluation in `base`. */
const EVERY_STEP = Symbol.for('jsonata.__evaluate_entry') as unknown as string

/**
 * Compiles JSONata with bounds on steps, recursion and lists, so that an expression ends. It sees a copy of the event
 * in plain JSON: what it does to it stays there, and a number that kept its spelling is a number like any other.
 */
export function compile(text: string): Expression {
  const expression = jsonata(text, { stack: 500, sequence: 10_000 })
  expression.assign(
    EVERY_STEP,
    (_expr: unknown, _input: unknown, { base }: { base: { steps?: number } }) => {
      base.steps = (base.steps ?? 0) + 1
      if (base.steps > MAX_STEPS)
        throw new Error(`the expression takes more than ${MAX_STEPS} steps`)
    },
  )
  return async (event) => expression.evaluate(JSON.parse(JSON.stringify(event)))
}
