// The bindings as the Worker uses them: no statement of D1 is waited for without bound.
import type { Env } from '../env.ts'
import { boundedDatabase } from '../store/timeout.ts'

/** How long D1 may take for a statement or a batch: what D1 itself allows. Where somebody waits, the bound is shorter. */
const D1_TIMEOUT_MS = 30_000

const boundedEnvs = new WeakMap<Env, Env>()

/** An environment with such a database. It is the same one for all invocations of an isolate: they share writes. */
export function boundedEnv(env: Env): Env {
  const known = boundedEnvs.get(env)
  if (known) return known
  const bounded = { ...env, DB: boundedDatabase(env.DB, D1_TIMEOUT_MS) }
  boundedEnvs.set(env, bounded)
  return bounded
}
