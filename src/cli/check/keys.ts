// Whether a deployed database has keys that this version can read, by what wrangler says.
import { stripVTControlCharacters } from 'node:util'
import { REMEDY_FOR_0X } from '../../store/keys-of-0x.ts'

/**
 * Why a version with keys below 2^53 must not run on a database, as a sentence; undefined when it may. `output` is that of
 * `wrangler d1 execute --json` with the query `HAS_KEYS_OF_0X`. A database without tables may be used; one that cannot be
 * asked may not.
 */
export function keysProblem(
  database: string,
  { isDone, output }: { isDone: boolean; output: string },
): string | undefined {
  if (!isDone) {
    const text = stripVTControlCharacters(output)
    if (/no such table/.test(text)) return undefined
    return `the database ${database} could not be asked which keys it has: ${text.trim().slice(0, 300)}`
  }
  const answer = /"has_keys_of_0x": *(\d+|null)/.exec(output)?.[1]
  if (answer === '0' || answer === 'null') return undefined
  return answer === '1'
    ? `the database ${database} is one of a version 0.x: ${REMEDY_FOR_0X}`
    : `the answer of the database ${database} about its keys cannot be read: ${output.trim().slice(0, 300)}`
}
