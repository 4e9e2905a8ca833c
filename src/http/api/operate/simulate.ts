// The simulator: what a vendor would send, sent through the front door.
import { Hono } from 'hono/tiny'
import type { Env } from '../../../env.ts'
import { body, describe } from '../../operation.ts'
import { problem } from '../../problems.ts'
import { runSimulation, SimulationRequest } from '../../simulation.ts'
import type { ApiTools } from '../../tools.ts'
import { Simulated } from '../answers/index.ts'

/** The route of `/api/simulate`: a page of a plan; to go on, `next` is the following call's `offset`. */
export function simulation({ configOf, ...tools }: ApiTools) {
  return new Hono<{ Bindings: Env }>().post(
    '/',
    describe({
      summary: 'Send what a vendor would send, marked as a test, through the front door',
      details:
        'To go on with a journey, ask again with the `seed` and `start` of the answer, and its `next` as `offset`.',
      answers: { 200: Simulated },
    }),
    body(SimulationRequest),
    async (c) => {
      const origin = new URL(c.req.url).origin
      const asked = c.req.valid('json')
      const sent = await runSimulation(c.env, configOf(c.env), asked, { ...tools, origin })
      return sent.ok ? c.json(sent.value) : problem(400, sent.error.type, sent.error.words)
    },
  )
}
