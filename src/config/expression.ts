// JSONata (https://jsonata.org) as `where` and `transform` use it: the whole language but `$eval`, within bounds.
import type { Expression } from '../core/deliveries/target.ts'
import jsonata from './expression-jsonata.cjs'
import { MAX_LIST, Meter } from './expression-meter.ts'
import { ACCOUNT, BEFORE_STEP, natives } from './expression-natives.ts'
import { patternProblem, regexEngine } from './expression-regex.ts'

/** How deep evaluations may stand in each other. */
const MAX_STACK = 500

/** Called at each step of an evaluation, after it. */
const AFTER_STEP = Symbol.for('jsonata.__evaluate_exit') as unknown as string

/** The bounds that JSONata itself keeps, by its error's code. */
const BOUNDS: Record<string, string> = {
  D1011: `the expression nests more than ${MAX_STACK} evaluations`,
  D2014: `the expression makes a list of more than ${MAX_LIST}`,
  D2015: `the expression makes a list of more than ${MAX_LIST}`,
}

type Step = { type: string; lhs?: unknown; rhs?: unknown }
type Account = { meter: Meter; engine: unknown }
type Scope = { base: { RegexEngine: unknown; lookup(name: string): Account } }

/**
 * Compiles JSONata with bounds on steps, recursion, work, and the size of every value, so that an expression ends. It
 * sees a copy of the event in plain JSON: what it does to it stays there, and a number that kept its spelling is a
 * number like any other. Time and chance (`$now`, `$random`) are let be: a body is kept once an attempt has failed.
 */
export function compile(text: string): Expression {
  const problem = expressionProblem(text)
  if (problem !== undefined) throw new Error(`the expression ${problem}`)
  const expression = jsonata(text, { stack: MAX_STACK, sequence: MAX_LIST })
  for (const [name, native] of natives()) expression.assign(name, native)
  expression.assign(BEFORE_STEP, (step: Step, _input: unknown, { base }: Scope) => {
    const { meter, engine } = base.lookup(ACCOUNT)
    base.RegexEngine = engine
    meter.step(step)
  })
  expression.assign(AFTER_STEP, (step: Step, _input: unknown, { base }: Scope, made: unknown) =>
    base.lookup(ACCOUNT).meter.made(step, made),
  )
  return async (event) => {
    const copy: unknown = JSON.parse(JSON.stringify(event))
    const meter = new Meter(copy)
    try {
      const account = { meter, engine: regexEngine(meter) }
      const result: unknown = await expression.evaluate(copy, { [ACCOUNT]: account })
      meter.allowResult(result)
      return result
    } catch (error) {
      throw asBound(error)
    }
  }
}

/** An error by the bound that it stands for, if it does: JSONata's own, and those of the language below. */
function asBound(error: unknown): unknown {
  if (error instanceof RangeError) {
    const isDeep = /call stack/.test(error.message)
    return new Error(
      `the expression ${isDeep ? 'nests too deep' : 'makes a value that is too large'}`,
    )
  }
  const bound = BOUNDS[(error as { code?: string } | undefined)?.code ?? '']
  return bound === undefined ? error : new Error(bound)
}

/** What is wrong with the text of an expression, before it sees any event; undefined when nothing is. */
export function expressionProblem(text: string): string | undefined {
  try {
    return nodeProblem(jsonata(text).ast(), new Set())
  } catch {
    return 'is no valid JSONata expression'
  }
}

/** What is wrong with a part of an expression or with the parts in it. */
function nodeProblem(node: unknown, seen: Set<object>): string | undefined {
  if (typeof node !== 'object' || node === null || seen.has(node)) return undefined
  seen.add(node)
  if (node instanceof RegExp) {
    const problem = patternProblem(node)
    return problem && `holds the regular expression /${node.source}/, which ${problem}`
  }
  const { type, value } = node as { type?: unknown; value?: unknown }
  // An expression that is made of what somebody sends would do what they like.
  if (type === 'variable' && value === 'eval') return 'uses $eval, which is switched off'
  return Object.values(node)
    .map((part) => nodeProblem(part, seen))
    .find((problem) => problem !== undefined)
}
