// The secrets that the configuration names, and the tokens: reading their values, and which of them are not safe.
import type { ConfigIssue } from './issues.ts'

/** Returns a secret's value by its name; undefined if it is not set. `path` is the setting that names it. */
export type SecretReader = (name: string, path: string) => string | undefined

/** The values of the named secrets. One that is not set is left out, and an error added to `errors`. */
export function readSecrets(
  path: string,
  names: string[],
  secretOf: SecretReader,
  errors: ConfigIssue[],
): string[] {
  return names.flatMap((secret) => {
    const value = secretOf(secret, path)
    if (value) return [value]
    errors.push({ path, message: `${secret} is not set: run "npx wrangler secret put ${secret}"` })
    return []
  })
}

/**
 * Why a signing secret is invalid; undefined if it is valid: `whsec_` and base64 of 24 to 64 random bytes, as Standard
 * Webhooks demands (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
 */
export function signingSecretProblem(secret: string): string | undefined {
  const remedy = 'must be whsec_ and base64 of 24 to 64 random bytes'
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)
  if (match?.[1] === undefined || match[1].length % 4 !== 0) return remedy
  const bytes = atob(match[1]).length
  return bytes >= 24 && bytes <= 64 ? undefined : remedy
}

/** The least characters of what a sender must present, and of a token: neither can be found by trying, if it is random. */
const LEAST_SECRET = 16
const LEAST_TOKEN = 20

/** Characters of a secret that must differ: a repeated one is no secret, however long. */
const LEAST_DIFFERENT = 6

const SHARED = 'must differ from every other secret'

/** The names of the tokens of the API and the console: the operator's, and one that only reads. */
const TOKENS = ['ADMIN_TOKEN', 'VIEWER_TOKEN'] as const

/** A secret that was read, with the path of the setting that names it. */
export type NamedSecret = { name: string; path: string; value: string }

/**
 * The secrets of senders and the tokens that are not safe: too easy to guess, or a token that somebody else knows, as it
 * is another secret too. `vars` has the tokens. A target's signing secret has its own form, and the secrets in its
 * headers and URL were made by the receiver.
 */
export function weakSecrets(
  secrets: readonly NamedSecret[],
  vars: Record<string, unknown>,
): ConfigIssue[] {
  const tokens = TOKENS.flatMap((name) => {
    const value = vars[name]
    return typeof value === 'string' && value !== '' ? [{ name, path: 'the API', value }] : []
  })
  const all = [...secrets, ...tokens]
  const isShared = (token: NamedSecret) =>
    all.some(({ name, value }) => name !== token.name && value === token.value)
  return [
    ...secrets
      .filter(({ path }) => path.startsWith('SOURCES'))
      .map((secret) => ({ ...secret, problem: weakness(secret.value, LEAST_SECRET) })),
    ...tokens.map((token) => ({
      ...token,
      problem: isShared(token) ? SHARED : weakness(token.value, LEAST_TOKEN),
    })),
  ].flatMap(({ name, path, problem }) =>
    problem === undefined ? [] : [{ path, message: `${name} ${problem}` }],
  )
}

/** Why a secret is too easy to guess; undefined if it is not. */
function weakness(secret: string, least: number): string | undefined {
  if (secret.length >= least && new Set(secret).size >= LEAST_DIFFERENT) return undefined
  return `is easy to guess: use at least ${least} random characters`
}
