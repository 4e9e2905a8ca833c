// The operator behind a request: on whose behalf an act is carried out and audited, and by what.
import type { Config } from '../config.ts'
import type { Env } from '../env.ts'
import type { Operator } from '../stages/operate/acts/audit.ts'
import { TOKEN_OF } from './access.ts'

type Request = { env: Env; req: { url: string; header(name: string): string | undefined } }

/** The operator of a request to the API: the holder of ADMIN_TOKEN, as no other may act there. */
export function operatorOf(c: Request, configOf: (env: Env) => Config): Operator {
  const isCommandLine = c.req.header('user-agent')?.startsWith(COMMAND_LINE)
  return actorOf(c, configOf, TOKEN_OF.operator, isCommandLine ? 'command line' : 'api')
}

/** The operator of a request to the console. `by`: who is signed in. */
export function consoleOperatorOf(
  c: Request,
  configOf: (env: Env) => Config,
  by: string,
): Operator {
  return actorOf(c, configOf, by, 'console')
}

/** How the command line starts its `user-agent`. Any holder of the token can send the same. */
const COMMAND_LINE = 'membership-relay-cli'

function actorOf(
  { env, req }: Request,
  configOf: (env: Env) => Config,
  by: string,
  via: Operator['via'],
): Operator {
  return { env, config: configOf(env), by, via, origin: new URL(req.url).origin }
}
