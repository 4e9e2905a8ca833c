// The secrets that the configuration names: their values, and what a signing secret must be.
import type { ConfigIssue } from './issues.ts'

/** Gives a secret's value by its name; undefined when it is not set. `path` says what asks for it. */
export type SecretReader = (name: string, path: string) => string | undefined

/** The values of some secrets; each that is not set is left out, and added to `errors`. */
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

/** What a signing secret must be and is not. Standard Webhooks: `whsec_` and base64 of 24 to 64 random bytes. */
export function signingSecretProblem(secret: string): string | undefined {
  const remedy = 'must be whsec_ and base64 of 24 to 64 random bytes'
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)
  if (match?.[1] === undefined || match[1].length % 4 !== 0) return remedy
  const bytes = atob(match[1]).length
  return bytes >= 24 && bytes <= 64 ? undefined : remedy
}
