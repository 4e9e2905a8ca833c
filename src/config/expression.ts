// JSONata (https://jsonata.org) for `where` and `transform`: the whole language except `$eval`, with limits.
import type { Expression } from '../core/deliveries/target.ts'
import { isFieldName } from '../core/events/named-parts.ts'
import jsonata from './expression-jsonata.cjs'
import { MAX_LIST, Meter } from './expression-meter.ts'
import { ACCOUNT, BEFORE_STEP, FUNCTION_NAMES, natives } from './expression-natives.ts'
import { patternProblem, regexEngine } from './expression-regex.ts'

/** Nested evaluations. */
const MAX_STACK = 500

/** JSONata calls the function of this name after each step. */
const AFTER_STEP = Symbol.for('jsonata.__evaluate_exit') as unknown as string

/** The limits that JSONata enforces itself, by its error code. */
const LIMITS: Record<string, string> = {
  D1011: `the expression nests more than ${MAX_STACK} evaluations`,
  D2014: `the expression creates a list of more than ${MAX_LIST} items`,
  D2015: `the expression creates a list of more than ${MAX_LIST} items`,
}

type Step = { type: string; lhs?: unknown; rhs?: unknown }
/** The meter of one evaluation, and its replacement for `RegExp`. */
type Account = { meter: Meter; engine: unknown }
type Scope = { base: { RegexEngine: unknown; lookup(name: string): Account } }

/**
 * Compiles a JSONata expression with limits on steps, recursion, work and the size of every value, so that every
 * evaluation ends. The expression gets a copy of the event as plain JSON: changes do not reach the event, and exact
 * numbers are ordinary numbers. `$now` and `$random` are allowed: the body of a failed attempt is stored and sent again.
 * Throws if the text is not a valid expression; an evaluation rejects when it exceeds a limit.
 *
 * @example
 * const isLargePayment = compile('data.subscription.recurring_amount.value > 100')
 * await isLargePayment(event)
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
  expression.assign(AFTER_STEP, (step: Step, _input: unknown, { base }: Scope, value: unknown) =>
    base.lookup(ACCOUNT).meter.checkValue(step, value),
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
      throw asLimitError(error)
    }
  }
}

/** Replaces an error by one that names the exceeded limit, if JSONata or the JavaScript engine threw it for a limit. */
function asLimitError(error: unknown): unknown {
  if (error instanceof RangeError) {
    const isDeep = /call stack/.test(error.message)
    return new Error(
      `the expression ${isDeep ? 'nests too deep' : 'creates a value that is too large'}`,
    )
  }
  const limit = LIMITS[(error as { code?: string } | undefined)?.code ?? '']
  return limit === undefined ? error : new Error(limit)
}

/** Why the text of an expression is refused, as a predicate (`uses $eval, …`); undefined if it is valid. */
export function expressionProblem(text: string): string | undefined {
  try {
    return nodeProblem(jsonata(text).ast(), new Set())
  } catch (error) {
    return `is not a valid JSONata expression: ${syntaxProblem(error as SyntaxFault)}`
  }
}

/** What JSONata's parser throws; its message quotes `token` or `value`, parts of the text. A `RegExp` throws without a code. */
type SyntaxFault = {
  message: string
  code?: string
  position?: number
  token?: unknown
  value?: unknown
}

/** The operators and the punctuation of JSONata. */
const OPERATORS =
  '. [ ] { } ( ) , @ # ; : ? + - * / % | = < > ^ ** .. := != <= >= ~> ?: ?? & ! ~'.split(' ')

/** Names of events and of JSONata. Any other part of a text may be a value put there by mistake, a secret. */
const isShown = (part: unknown) =>
  typeof part === 'string' &&
  (OPERATORS.includes(part) || isFieldName(part) || FUNCTION_NAMES.has(part))

/** What JSONata says of a text that it cannot parse, and the position (in characters) where it stopped. */
function syntaxProblem({ message, code, position, token, value }: SyntaxFault): string {
  // The message of a RegExp quotes the pattern, and ends with the reason.
  if (code === undefined) return `in a regular expression, ${message.split(': ').at(-1)}`
  const hidden = [token, value].filter((part) => part !== undefined && !isShown(part))
  const text = hidden.reduce<string>(
    (shown, part) => shown.replaceAll(JSON.stringify(part), '…'),
    message,
  )
  return `${text} (${code}${position === undefined ? '' : ` at position ${position}`})`
}

/** Why a node of the syntax tree, or one below it, is refused. */
function nodeProblem(node: unknown, seen: Set<object>): string | undefined {
  if (typeof node !== 'object' || node === null || seen.has(node)) return undefined
  seen.add(node)
  if (node instanceof RegExp) {
    const problem = patternProblem(node)
    return problem && `contains a regular expression that ${problem}`
  }
  const { type, value } = node as { type?: unknown; value?: unknown }
  // With $eval, a sender could choose the expression.
  if (type === 'variable' && value === 'eval') return 'uses $eval, which is disabled'
  return Object.values(node)
    .map((part) => nodeProblem(part, seen))
    .find((problem) => problem !== undefined)
}
