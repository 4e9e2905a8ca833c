// SHARED_ADDRESSES: e-mail addresses that say nothing about who somebody is, such as that of a front desk.
import { normalizeEmail } from '../core/events/contact-key.ts'
import type { ConfigIssue } from './issues.ts'

/** The addresses that join nobody, in lower case. A list that is invalid is an error, and lists none. */
export function readSharedAddresses(list: unknown, errors: ConfigIssue[]): string[] {
  if (list === undefined) return []
  const read = Array.isArray(list) ? list.map((one) => normalizeEmail(String(one))) : [undefined]
  const addresses = read.filter((one) => typeof one === 'string')
  if (addresses.length === read.length) return addresses
  const message =
    'must be a list of e-mail addresses; until it is, none of them is known to be shared'
  errors.push({ path: 'SHARED_ADDRESSES', message })
  return []
}
