// Money as vendors write it: exact decimal text, never a float. Unit and currency are never guessed.
import * as v from 'valibot'
import { numberText } from '../intake/json.ts'
import { type Reader, reader } from './fields.ts'

/** What an amount counts: dollars, cents, or what the vendor does not say. */
export const AmountUnit = v.picklist(['major', 'minor', 'unspecified'])

/**
 * An amount: `value` in decimal digits; `unit` major (dollars) or minor (cents) and the ISO 4217 `currency`, where
 * known.
 */
export const Amount = v.object({
  value: v.pipe(v.string(), v.regex(/^-?\d+(\.\d+)?$/)),
  unit: AmountUnit,
  currency: v.nullable(v.pipe(v.string(), v.regex(/^[A-Z]{3}$/))),
})
export type Amount = v.InferOutput<typeof Amount>

/** An amount, or null where the vendor sent none. */
export const NullableAmount = v.nullable(Amount)

/** More digits than any price has. The limit keeps an exponent from creating a very long text. */
const MAX_DIGITS = 40

/** More decimals than any price has: what is beyond them is the noise of a float, as in 29.970000000000002. */
const MAX_DECIMALS = 6

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

/** A reader of amounts of unspecified unit, in the configured currency if there is one. The noise of floats is removed. */
export function asAmount(currency: string | undefined): Reader<Amount> {
  return reader('a decimal number', (value) => {
    const decimal = asDecimal(value)
    if (typeof decimal !== 'string') return decimal
    return {
      value: rounded(decimal, MAX_DECIMALS),
      unit: 'unspecified',
      currency: currency ?? null,
    }
  })
}

/**
 * `amount` minus `other`, at the precision of money. Undefined if unit or currency differ. An amount without a currency is
 * from before one was configured: it has the currency of the other.
 */
export function subtract(amount: Amount, other: Amount): Amount | undefined {
  const currency = amount.currency ?? other.currency
  if (amount.unit !== other.unit || currency !== (other.currency ?? currency)) return undefined
  const places = Math.max(placesOf(amount.value), placesOf(other.value))
  const difference = decimalOf(scaled(amount.value, places) - scaled(other.value, places), places)
  return { ...amount, currency, value: rounded(difference, precisionOf(currency)) }
}

/** Whether an amount is below, at or above zero. */
export function signOf({ value }: Amount): -1 | 0 | 1 {
  if (!/[1-9]/.test(value)) return 0
  return value.startsWith('-') ? -1 : 1
}

/** The decimals of a currency's smallest unit, at most: an unknown currency may have three. */
function precisionOf(currency: string | null): number {
  return currency === null || /^(BHD|IQD|JOD|KWD|LYD|OMR|TND)$/.test(currency) ? 3 : 2
}

/** A decimal with at most so many places. Where it has more, it is rounded and has no zeros at its end. */
function rounded(value: string, places: number): string {
  const surplus = placesOf(value) - places
  if (surplus <= 0) return value
  const unit = 10n ** BigInt(surplus)
  const half = value.startsWith('-') ? -unit / 2n : unit / 2n
  const text = decimalOf((scaled(value, places + surplus) + half) / unit, places)
  return text.replace(/\.?0+$/, '') || '0'
}

function placesOf(value: string): number {
  return value.split('.')[1]?.length ?? 0
}

function scaled(value: string, places: number): bigint {
  const [whole = '', fraction = ''] = value.split('.')
  return BigInt(whole + fraction.padEnd(places, '0'))
}

function decimalOf(units: bigint, places: number): string {
  const digits = String(units < 0n ? -units : units).padStart(places + 1, '0')
  const value = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`
  return units < 0n ? `-${value}` : value
}
