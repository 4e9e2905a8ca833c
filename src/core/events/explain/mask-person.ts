// Personal data in what a sender has sent: who it is about can be told apart, and not be contacted.
import { isObject } from '../../intake/json.ts'
import { maskEmail } from '../../mask.ts'
import { fold } from '../fields.ts'
import { isSensitiveKey } from '../privacy.ts'

/** Keys, folded, whose texts are about a person: names, ways to reach them. */
const PERSONAL =
  /^(client|contact|member|customer|user|staff|emergency)?(first|last|middle|full|given|family|sur|nick|display|preferred|maiden)?name$|email|phone|mobile|^tel$|whatsapp|instagram|^ip(address)?$/

const EMAIL = /[^\s"'<>(),;:\\]+@[^\s"'<>(),;:\\]+\.[a-z]{2,}/gi
const PHONE = /(?<![\w.-])\+?\d[\d ()-]{7,}\d(?![\w-])/g

/**
 * A copy of a value with personal data masked: texts under keys that are about a person keep their first letter; e-mail
 * addresses and telephone numbers are masked wherever they stand. A text that is JSON is masked as what it says.
 */
export function maskPersonal(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => maskPersonal(one, key))
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, maskPersonal(one, name)]),
    )
  }
  const folded = fold(key)
  const isPersonal = PERSONAL.test(folded) || isSensitiveKey(folded)
  if (typeof value === 'number') return isPersonal ? '•••' : value
  return typeof value === 'string' ? maskText(value, isPersonal) : value
}

function maskText(text: string, isPersonal: boolean): string {
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.stringify(maskPersonal(JSON.parse(text)))
    } catch {
      // A text like any other.
    }
  }
  if (isPersonal && text !== '') return text.includes('@') ? maskEmails(text) : `${[...text][0]}•••`
  return maskEmails(text).replace(PHONE, '•••')
}

const maskEmails = (text: string) => text.replace(EMAIL, (email) => maskEmail(email) ?? '')
