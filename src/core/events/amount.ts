// Money as vendors write it: exact decimal text, never a float. Unit and currency are never guessed.
import * as v from 'valibot'
import { numberText } from '../intake/json.ts'
import { type Reader, reader } from './fields.ts'

/**
 * An amount: `value` in decimal digits; `unit` major (dollars) or minor (cents) and the ISO 4217 `currency`, where
 * known.
 */
export const Amount = v.object({
  value: v.pipe(v.string(), v.regex(/^-?\d+(\.\d+)?$/)),
  unit: v.picklist(['major', 'minor', 'unspecified']),
  currency: v.nullable(v.pipe(v.string(), v.regex(/^[A-Z]{3}$/))),
})
export type Amount = v.InferOutput<typeof Amount>

/** More digits than any price has. The limit keeps an exponent from creating a very long text. */
const MAX_DIGITS = 30

/**
 * Reads a number or text as plain decimal digits, all digits preserved. Undefined for anything else: booleans,
 * `1.299,00`, numbers of more than `MAX_DIGITS` digits.
 *
 * @example
 * asDecimal('1,299.00') // '1299.00'
 * asDecimal('-5e-2') // '-0.05'
 */
export const asDecimal = reader<string>('a decimal number', (value) => {
  const text = typeof value === 'string' ? value.trim() : numberText(value)
  if (text === undefined) return undefined
  const plain = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text) ? text.replaceAll(',', '') : text
  const match = /^([+-]?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,3}))?$/i.exec(plain)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const point = whole.length + Number(exponent)
  if (
    Math.max(whole.length + fraction.length, point, fraction.length - Number(exponent)) > MAX_DIGITS
  ) {
    return undefined
  }
  const digits = (whole + fraction).padStart(
    whole.length + fraction.length - Math.min(point - 1, 0),
    '0',
  )
  const at = Math.max(point, 1)
  const integer = digits
    .slice(0, at)
    .padEnd(at, '0')
    .replace(/^0+(?=\d)/, '')
  const decimals = digits.slice(at)
  const minus = sign === '-' && /[1-9]/.test(digits) ? '-' : ''
  return `${minus}${integer}${decimals === '' ? '' : `.${decimals}`}`
})

/** A reader of amounts of unspecified unit, in the configured currency if there is one. */
export function asAmount(currency: string | undefined): Reader<Amount> {
  return reader('a decimal number', (value) => {
    const decimal = asDecimal(value)
    if (typeof decimal !== 'string') return decimal
    return { value: decimal, unit: 'unspecified', currency: currency ?? null }
  })
}

/** `amount` minus `other`, exact; undefined if unit or currency differ. */
export function subtract(amount: Amount, other: Amount): Amount | undefined {
  if (amount.unit !== other.unit || amount.currency !== other.currency) return undefined
  const places = Math.max(placesOf(amount), placesOf(other))
  const difference = scaled(amount, places) - scaled(other, places)
  const digits = String(difference < 0n ? -difference : difference).padStart(places + 1, '0')
  const value = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`
  return { ...amount, value: difference < 0n ? `-${value}` : value }
}

/** Whether an amount is below, at or above zero. */
export function signOf({ value }: Amount): -1 | 0 | 1 {
  if (!/[1-9]/.test(value)) return 0
  return value.startsWith('-') ? -1 : 1
}

function placesOf({ value }: Amount): number {
  return value.split('.')[1]?.length ?? 0
}

function scaled({ value }: Amount, places: number): bigint {
  const [whole = '', fraction = ''] = value.split('.')
  return BigInt(whole + fraction.padEnd(places, '0'))
}
