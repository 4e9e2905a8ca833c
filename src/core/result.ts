/**
 * The outcome of a step that may fail in a known way: a value, or the reason. Bugs and broken I/O are thrown instead.
 */
export type Result<T, E> = { ok: true; value: T } | { ok: false; error: E }

/** A success. */
export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value })

/** A failure with its reason. */
export const err = <E>(error: E): { ok: false; error: E } => ({ ok: false, error })

/** Why a sender's proof did not hold. For our log and the operator, never for the sender. */
export type ProofFailure =
  | 'header_missing'
  | 'header_wrong'
  | 'key_missing'
  | 'key_wrong'
  | 'signature_missing'
  | 'signature_malformed'
  | 'signature_stale'
  | 'signature_wrong'

/** Every reason for which the door refuses a request; `http/problems.ts` gives each its public words. */
export type Rejection =
  | { kind: 'unknown_source' }
  | { kind: 'method_not_allowed' }
  | { kind: 'too_many_requests' }
  | { kind: 'source_broken'; reason: string }
  | { kind: 'not_proven'; cause: ProofFailure }
  | { kind: 'too_large'; maxBodyBytes: number }
  | { kind: 'too_many_events'; maxEvents: number }
  | { kind: 'looping'; maxHops: number }
  | { kind: 'not_json' }
  | { kind: 'not_stored'; reason: string }
