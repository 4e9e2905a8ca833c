// Values that can be refused. A refusal is a value, a fault is thrown.

/** The value of a step, or the reason why it was refused. */
export type Result<T, E> = { ok: true; value: T } | { ok: false; error: E }

/** A success. */
export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value })

/** A failure with its reason. */
export const err = <E>(error: E): { ok: false; error: E } => ({ ok: false, error })

/** Why a sender was not authenticated. For our log and the operator, never for the sender. */
export type AuthenticationFailure =
  | 'header_missing'
  | 'header_wrong'
  | 'key_missing'
  | 'key_wrong'
  | 'signature_missing'
  | 'signature_malformed'
  | 'signature_stale'
  | 'signature_wrong'

/** Every reason for which `/in/` refuses a request; `http/problems.ts` has the public text of each. */
export type Rejection =
  | { kind: 'unknown_source' }
  | { kind: 'sources_unreadable'; reason: string }
  | { kind: 'method_not_allowed' }
  | { kind: 'too_many_requests' }
  | { kind: 'source_broken'; reason: string }
  | { kind: 'unauthenticated'; cause: AuthenticationFailure }
  | { kind: 'too_large'; maxBodyBytes: number }
  | { kind: 'too_many_events'; maxEvents: number }
  | { kind: 'looping'; maxHops: number }
  | { kind: 'empty_body' }
  | { kind: 'not_stored'; reason: string }
