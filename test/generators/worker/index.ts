// The relay of a run: without the limit on requests with a wrong token, since some tools send nothing else for a minute.

import type { Env } from '../../../src/env.ts'
import relay from '../../../src/index.ts'

export default {
  ...relay,
  fetch: (
    request: Request<unknown, IncomingRequestCfProperties>,
    { FAILURES: _, ...env }: Env,
    context: ExecutionContext,
  ) => relay.fetch(request, env as Env, context),
}
