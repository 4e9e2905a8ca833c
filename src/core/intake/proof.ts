// Proves who called. The only maker of a VerifiedRequest.

import { err, ok, type ProofFailure, type Rejection, type Result } from '../result.ts'
import type { Arrival, VerifiedRequest } from './request.ts'
import { matchesAny } from './signature.ts'

/** What a sender must present. Every part that is configured must match. */
export type Credentials = {
  /** Values of which one must stand in `header`, or in `?key=` when no header is configured. */
  secrets: string[]
  header: string | undefined
  /** Values of which one must have signed the body, by the vendor's scheme. */
  signingSecrets: string[]
  toleranceSeconds: number
}

/** A vendor's way of signing: the header, and the checks of its value; undefined when one holds. */
export type SignatureScheme = {
  header: string
  /** Whether the header's value is one at all, and fresh: asked before the body is read. */
  precheck: (
    value: string,
    options: { toleranceSeconds: number; now: number },
  ) => ProofFailure | undefined
  check: (
    value: string,
    bytes: Uint8Array,
    secrets: readonly string[],
  ) => Promise<ProofFailure | undefined>
  /** The header's value as the vendor makes it over bytes at `now` (epoch milliseconds). */
  sign: (bytes: Uint8Array, secret: string, now: number) => Promise<string>
}

/**
 * Proves the sender and reads the body: first, without touching the body, the shared secret and the form and age of the
 * signature; then the signature over the bytes. Every credential that is configured must hold. Refuses with `not_proven` and its cause, or with
 * what reading the body refuses. `now` in epoch milliseconds.
 */
export async function prove(
  arrival: Arrival,
  credentials: Credentials,
  scheme: SignatureScheme | undefined,
  now: number,
): Promise<Result<VerifiedRequest, Rejection>> {
  const { headers, query } = arrival
  const { secrets, signingSecrets, toleranceSeconds } = credentials
  if (secrets.length > 0) {
    const failure = await checkSecret(arrival, credentials)
    if (failure) return err({ kind: 'not_proven', cause: failure })
  }
  const mustBeSigned = signingSecrets.length > 0 || secrets.length === 0
  const signature = (scheme && headers.get(scheme.header)) ?? ''
  if (mustBeSigned) {
    const failure =
      signature === ''
        ? 'signature_missing'
        : scheme?.precheck(signature, { toleranceSeconds, now })
    if (failure) return err({ kind: 'not_proven', cause: failure })
  }
  const body = await arrival.body()
  if (!body.ok) return body
  if (mustBeSigned && scheme) {
    const failure = await scheme.check(signature, body.value, signingSecrets)
    if (failure) return err({ kind: 'not_proven', cause: failure })
  }
  const eventName = query.get('event') ?? undefined
  return ok({ headers, eventName, bytes: body.value } as VerifiedRequest)
}

async function checkSecret(
  { headers, query }: Arrival,
  { header, secrets }: Credentials,
): Promise<ProofFailure | undefined> {
  const shown = header === undefined ? query.get('key') : headers.get(header)
  if (!shown) return header === undefined ? 'key_missing' : 'header_missing'
  if (await matchesAny(shown, secrets)) return undefined
  return header === undefined ? 'key_wrong' : 'header_wrong'
}
