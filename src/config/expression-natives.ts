// JSONata's built-in functions, wrapped to charge their cost to the meter: a call is one step, however much it does.
import { decodeText, encodeText } from './expression-bytes.ts'
import jsonata from './expression-jsonata.cjs'
import { MAX_LIST, type Meter } from './expression-meter.ts'
import { checkPicture, waysToRead } from './expression-picture.ts'

/** `this` of a built-in function. */
type Focus = { environment: { base: { timestamp: Date; lookup(name: string): { meter: Meter } } } }
type Implementation = (this: Focus, ...args: unknown[]) => unknown
/** JSONata's representation of a function. */
type Native = { _jsonata_function: true; implementation: Implementation; signature?: object }

/** The variable that holds the meter of an evaluation. The space keeps expressions from naming it. */
export const ACCOUNT = ' account'

/** JSONata calls the function of this name before each step. */
export const BEFORE_STEP = Symbol.for('jsonata.__evaluate_entry') as unknown as string

const NAMES =
  'sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad ' +
  'match contains replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs ' +
  'sqrt power random boolean not map zip filter single reduce sift keys lookup append exists spread merge reverse ' +
  'each error assert type sort shuffle distinct base64encode base64decode encodeUrlComponent encodeUrl ' +
  'decodeUrlComponent decodeUrl toMillis fromMillis clone'

/** The names of all built-in functions that an expression may use. */
export const FUNCTION_NAMES: ReadonlySet<string> = new Set([...NAMES.split(' '), 'now', 'millis'])

/** The cost of functions that do more than read their arguments once. */
const EXTRA_COST: Record<string, (meter: Meter, ...args: unknown[]) => void> = {
  pad: (meter, _text, width, filler) =>
    meter.allow(Math.abs(Number(width)) * Math.max(1, String(filler ?? ' ').length)),
  join: (meter, list, separator) =>
    meter.allow(lengthOf(list) * String(separator ?? '').length + meter.sizeOf(list)),
  // The result may have a piece for each character.
  replace: (meter, text) => meter.spend(lengthOf(text) / 2),
  split: (meter, text) => meter.spend(lengthOf(text) / 2),
  match: (meter, text) => meter.spend(lengthOf(text) / 2),
  // Each element is compared with all others, or all others are copied for it.
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
    meter.spend(waysToRead(lengthOf(text), String(picture)))
  },
}

type Natives = readonly [name: string, native: Native][]
let metered: Natives | undefined

/** The wrapped functions by name. Created when the first expression is compiled. */
export function natives(): Natives {
  metered ??= readNatives().map(([name, native]) => [name, withMeter(native, EXTRA_COST[name])])
  return metered
}

/** Reads the built-in functions from JSONata's scope, which is accessible only during an evaluation. */
function readNatives(): [string, Native][] {
  const found: [string, Native][] = []
  const probe = jsonata('0')
  probe.assign(
    BEFORE_STEP,
    (_expression: unknown, _input: unknown, scope: { lookup(name: string): Native }) => {
      for (const name of NAMES.split(' ')) found.push([name, scope.lookup(name)])
    },
  )
  void probe.evaluate(null) // runs to its first step synchronously
  const known = Object.fromEntries(found)
  const { implementation, ...rest } = known.fromMillis as Native
  const fromMillis: Implementation = function (time, picture, timezone) {
    return implementation.call(this, time, picture, offsetOf(timezone))
  }
  // JSONata defines `now` for each expression; this version is the same for all.
  const now: Implementation = function (picture, timezone) {
    return fromMillis.call(this, this.environment.base.timestamp.getTime(), picture, timezone)
  }
  const signature = { ...rest.signature, validate: (args: unknown[]) => args }
  // JSONata takes each character for a byte: it drops half of those beyond Latin-1, and few receivers expect Latin-1.
  const withText = (name: string, convert: (text: string) => string): [string, Native] => {
    const own: Implementation = (text) => (text === undefined ? undefined : convert(String(text)))
    return [name, { ...(known[name] as Native), implementation: own }]
  }
  return [
    ...found,
    withText('base64encode', encodeText),
    withText('base64decode', decodeText),
    ['fromMillis', { ...rest, implementation: fromMillis }],
    ['now', { ...rest, implementation: now, signature }],
  ]
}

/**
 * The offset that makes JSONata compute with `timezone`, `+HHMM` or `-HHMM`. JSONata rounds the hours of a negative
 * offset down and subtracts the minutes as well, so -0330 is passed as -230. Throws for another form, which JSONata
 * misreads, and for -0001 to -0059, which cannot be passed.
 */
function offsetOf(timezone: unknown): unknown {
  if (timezone === undefined) return timezone
  if (!/^(\+|-(?!00(?!00)))[01]\d[0-5]\d$/.test(String(timezone)))
    throw new Error('the expression uses a time zone that is not an offset such as "+1100"')
  const offset = Number(timezone)
  return offset < 0 && offset % 100 ? offset + 100 : offset
}

function withMeter(native: Native, extra: (typeof EXTRA_COST)[string] | undefined): Native {
  const { implementation } = native
  const call: Implementation = function (...args) {
    const { meter } = this.environment.base.lookup(ACCOUNT)
    meter.spend(10)
    for (const argument of args) checkArgument(meter, argument)
    extra?.(meter, ...args)
    const result = implementation.apply(this, args)
    const charge = (value: unknown) => {
      meter.read(value)
      return value
    }
    return result instanceof Promise ? result.then(charge) : charge(result)
  }
  // JSONata reads a function's parameters from its source text, for partial application and for map.
  Object.defineProperties(call, {
    length: { value: implementation.length },
    toString: { value: () => implementation.toString() },
  })
  return { ...native, implementation: call }
}

function checkArgument(meter: Meter, value: unknown): void {
  // JSONata's operators accept 1/0 as a number, and some functions loop endlessly on it.
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Error('the expression computes with a number that is not finite')
  if (Array.isArray(value) && value.length > MAX_LIST)
    throw new Error(`the expression creates a list of more than ${MAX_LIST} items`)
  meter.read(value)
}

function lengthOf(value: unknown): number {
  return typeof value === 'string' || Array.isArray(value) ? value.length : 1
}
