// SHARED_ADDRESSES: e-mail addresses that say nothing about who somebody is, such as that of a front desk.
import * as v from 'valibot'
import type { ConfigIssue } from './issues.ts'

const Addresses = v.array(v.pipe(v.string(), v.trim(), v.toLowerCase(), v.email()))

/** The addresses that join nobody, in lower case. A list that is invalid is an error, and lists none. */
export function readSharedAddresses(list: unknown, errors: ConfigIssue[]): string[] {
  const read = v.safeParse(Addresses, list === undefined ? [] : list)
  if (read.success) return read.output
  errors.push({
    path: 'SHARED_ADDRESSES',
    message: 'must be a list of e-mail addresses; until it is, none of them is known to be shared',
  })
  return []
}
