// Authenticates the sender of a request. Only this file creates a VerifiedRequest.
import { type AuthenticationFailure, err, ok, type Rejection, type Result } from '../result.ts'
import { readBody, type VerifiedRequest } from './request.ts'
import { matchesAny } from './signature.ts'

/** What a sender must present. Every part that is configured must match. */
export type Credentials = {
  /** Accepted values of `header`, or of `?key=` when no header is configured. */
  secrets: string[]
  header: string | undefined
  /** Accepted keys of the signature over the body, by the vendor's scheme. */
  signingSecrets: string[]
  toleranceSeconds: number
}

/** How a vendor signs: its header, and the checks of the header's value. A check returns undefined when it passes. */
export type SignatureScheme = {
  header: string
  /** Checks form and age of the value, before the body is read. */
  precheck: (
    value: string,
    options: { toleranceSeconds: number; now: number },
  ) => AuthenticationFailure | undefined
  check: (
    value: string,
    bytes: Uint8Array,
    secrets: readonly string[],
  ) => Promise<AuthenticationFailure | undefined>
  /** The header's value for a body sent at `now` (epoch milliseconds). */
  sign: (bytes: Uint8Array, secret: string, now: number) => Promise<string>
}

/**
 * Authenticates the sender, then reads the body. The shared secret and the form and age of the signature are checked
 * before the body is read, the signature itself after. Every configured credential must match. Refuses with
 * `unauthenticated` and its cause, or as `readBody` does. `query` is that of the request's URL, `now` in epoch
 * milliseconds.
 */
export async function authenticate(
  request: Request,
  query: URLSearchParams,
  { credentials, scheme }: { credentials: Credentials; scheme: SignatureScheme | undefined },
  { now, maxBodyBytes }: { now: number; maxBodyBytes: number },
): Promise<Result<VerifiedRequest, Rejection>> {
  const { headers } = request
  const { secrets, signingSecrets, toleranceSeconds } = credentials
  const failed = (cause: AuthenticationFailure) => err({ kind: 'unauthenticated', cause } as const)
  if (secrets.length > 0) {
    const failure = await checkSecret(headers, query, credentials)
    if (failure) return failed(failure)
  }
  const mustBeSigned = signingSecrets.length > 0 || secrets.length === 0
  const signature = (scheme && headers.get(scheme.header)) ?? ''
  if (mustBeSigned) {
    if (signature === '') return failed('signature_missing')
    const failure = scheme?.precheck(signature, { toleranceSeconds, now })
    if (failure) return failed(failure)
  }
  const body = await readBody(request, maxBodyBytes)
  if (!body.ok) return body
  if (mustBeSigned && scheme) {
    const failure = await scheme.check(signature, body.value, signingSecrets)
    if (failure) return failed(failure)
  }
  const eventName = query.get('event') ?? undefined
  const isSigned = mustBeSigned && scheme !== undefined
  return ok({ headers, eventName, isSigned, bytes: body.value } as VerifiedRequest)
}

async function checkSecret(
  headers: Headers,
  query: URLSearchParams,
  { header, secrets }: Credentials,
): Promise<AuthenticationFailure | undefined> {
  const presented = header === undefined ? query.get('key') : headers.get(header)
  if (!presented) return header === undefined ? 'key_missing' : 'header_missing'
  if (await matchesAny(presented, secrets)) return undefined
  return header === undefined ? 'key_wrong' : 'header_wrong'
}
