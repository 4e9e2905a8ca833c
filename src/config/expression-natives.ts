// JSONata's own functions, each on the account of the evaluation: one call is one step, whatever it does.
import jsonata from './expression-jsonata.cjs'
import { MAX_LIST, type Meter } from './expression-meter.ts'

/** What JSONata gives a function of its own as `this`. */
type Focus = { environment: { base: { timestamp: Date; lookup(name: string): { meter: Meter } } } }
type Implementation = (this: Focus, ...args: unknown[]) => unknown
/** A function as JSONata keeps it. */
type Native = { _jsonata_function: true; implementation: Implementation; signature?: object }

/** The name under which an evaluation finds its account: no variable can be spelled so. */
export const ACCOUNT = ' account'

/** Called at each step of an evaluation, before it. */
export const BEFORE_STEP = Symbol.for('jsonata.__evaluate_entry') as unknown as string

const NAMES =
  'sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad ' +
  'match contains replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs ' +
  'sqrt power random boolean not map zip filter single reduce sift keys lookup append exists spread merge reverse ' +
  'each error assert type sort shuffle distinct base64encode base64decode encodeUrlComponent encodeUrl ' +
  'decodeUrlComponent decodeUrl toMillis fromMillis clone'

/** What a call costs beside reading its arguments: they alone do not tell. Most cost nothing more. */
const EXTRA: Record<string, (meter: Meter, ...args: unknown[]) => void> = {
  pad: (meter, _text, width, filler) =>
    meter.allow(Math.abs(Number(width)) * Math.max(1, String(filler ?? ' ').length)),
  join: (meter, list, separator) =>
    meter.allow(lengthOf(list) * String(separator ?? '').length + meter.sizeOf(list)),
  // Made of pieces as small as a character.
  replace: (meter, text) => meter.spend(lengthOf(text) / 2),
  split: (meter, text) => meter.spend(lengthOf(text) / 2),
  match: (meter, text) => meter.spend(lengthOf(text) / 2),
  // Each element is compared with all others, or copies them.
  sort: (meter, list) => meter.spend(lengthOf(list) ** 2 / 10),
  distinct: (meter, list) => meter.spend(lengthOf(list) ** 2 / 32),
  spread: (meter, list) => meter.spend(Array.isArray(list) ? lengthOf(list) ** 2 / 32 : 0),
  formatNumber: (_meter, _value, picture) => checkPicture(picture),
  formatInteger: (_meter, _value, picture) => checkPicture(picture),
  parseInteger: (_meter, _text, picture) => checkPicture(picture),
  fromMillis: (_meter, _time, picture) => checkPicture(picture),
  now: (_meter, picture) => checkPicture(picture),
  toMillis(meter, text, picture) {
    if (picture === undefined) return
    checkPicture(picture)
    // A picture becomes a regular expression, with a repetition for each of its marks.
    meter.spend(combinations(lengthOf(text), String(picture).split('[').length - 1))
  },
}

type Natives = readonly [name: string, native: Native][]
let known: Natives | undefined

/** The functions as an expression is to find them, by name; made when the first expression is compiled. */
export function natives(): Natives {
  known ??= read().map(([name, native]) => [name, metered(native, EXTRA[name])])
  return known
}

/** Takes the functions from where JSONata keeps them, which an evaluation alone can see. */
function read(): [string, Native][] {
  const found: [string, Native][] = []
  const probe = jsonata('0')
  probe.assign(
    BEFORE_STEP,
    (_expression: unknown, _input: unknown, scope: { lookup(name: string): Native }) => {
      for (const name of NAMES.split(' ')) found.push([name, scope.lookup(name)])
    },
  )
  void probe.evaluate(null) // runs up to its first step before it returns
  // JSONata keeps `now` with each expression; this is the same for all of them.
  const { implementation, ...rest } = Object.fromEntries(found).fromMillis as Native
  const now: Implementation = function (picture, timezone) {
    return implementation.call(this, this.environment.base.timestamp.getTime(), picture, timezone)
  }
  const signature = { ...rest.signature, validate: (args: unknown[]) => args }
  return [...found, ['now', { ...rest, implementation: now, signature }]]
}

function metered(native: Native, extra: (typeof EXTRA)[string] | undefined): Native {
  const { implementation } = native
  const call: Implementation = function (...args) {
    const { meter } = this.environment.base.lookup(ACCOUNT)
    meter.spend(10)
    for (const argument of args) checkArgument(meter, argument)
    extra?.(meter, ...args)
    const result = implementation.apply(this, args)
    const checked = (value: unknown) => {
      meter.read(value)
      return value
    }
    return result instanceof Promise ? result.then(checked) : checked(result)
  }
  // JSONata reads the parameters of a function from its text, to apply it in part or to each element of a list.
  Object.defineProperties(call, {
    length: { value: implementation.length },
    toString: { value: () => implementation.toString() },
  })
  return { ...native, implementation: call }
}

function checkArgument(meter: Meter, value: unknown): void {
  // 1/0 is a number to JSONata's operators, and a loop without end to some of its functions.
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Error('the expression computes with a number that is not finite')
  if (Array.isArray(value) && value.length > MAX_LIST)
    throw new Error(`the expression makes a list of more than ${MAX_LIST}`)
  meter.read(value)
}

/** A picture says how a number or a time is spelled. Longer ones than these spell nothing that anybody reads. */
function checkPicture(picture: unknown): void {
  if (picture === undefined) return
  const text = String(picture)
  if (text.length > 100 || /,[^\]]*\d{4}/.test(text))
    throw new Error('the expression uses a picture of more than 100 characters, or 999 digits')
}

function lengthOf(value: unknown): number {
  return typeof value === 'string' || Array.isArray(value) ? value.length : 1
}

/** In how many ways so many marks can share so many characters, at most. */
function combinations(characters: number, marks: number): number {
  let product = 1
  for (let i = 1; i <= marks; i++) product *= Math.max(1, (characters - marks + i) / i)
  return product
}
