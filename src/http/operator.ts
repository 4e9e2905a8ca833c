// The operator behind a request: on whose behalf an act is carried out and audited.
import type { Config } from '../config.ts'
import type { Env } from '../env.ts'
import type { Operator } from '../stages/operate/acts/audit.ts'

/** The name in audit records of an operator who is known by the token alone. */
export const TOKEN_HOLDER = 'ADMIN_TOKEN'

/** The operator of a request. `by`: who sent it, for the audit record. */
export function operatorOf(
  c: { env: Env; req: { url: string } },
  configOf: (env: Env) => Config,
  by: string = TOKEN_HOLDER,
): Operator {
  return { env: c.env, config: configOf(c.env), by, origin: new URL(c.req.url).origin }
}
