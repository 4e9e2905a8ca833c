// How a receiver verifies a delivery, by the library of Standard Webhooks of its language: text modules (wrangler.toml).
/// <reference path="../text-modules.d.ts" />
import go from '../assets/verify/go.txt'
import php from '../assets/verify/php.txt'
import python from '../assets/verify/python.txt'
import typescript from '../assets/verify/typescript.txt'

/** A receiver's few lines, by language. They read the target's secret from SECRET. */
export const SNIPPETS: readonly { language: string; code: string }[] = [
  { language: 'TypeScript', code: typescript },
  { language: 'Python', code: python },
  { language: 'Go', code: go },
  { language: 'PHP', code: php },
]
