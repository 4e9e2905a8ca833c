// Code with which a receiver verifies deliveries, by the Standard Webhooks library of its language: text modules
// (wrangler.toml).
/// <reference path="../text-modules.d.ts" />
import go from '../assets/verify/go.txt'
import php from '../assets/verify/php.txt'
import python from '../assets/verify/python.txt'
import typescript from '../assets/verify/typescript.txt'

/** The code by language. It reads the secret of the target from the variable SECRET. */
export const SNIPPETS: readonly { language: string; code: string }[] = [
  { language: 'TypeScript', code: typescript },
  { language: 'Python', code: python },
  { language: 'Go', code: go },
  { language: 'PHP', code: php },
]
