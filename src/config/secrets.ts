// The secrets that the configuration names: reading their values, and the form of a signing secret.
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
