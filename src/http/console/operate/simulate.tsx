// `/console/simulate`: the form of the simulator, and the result.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { isBrokenSource } from '../../../config.ts'
import { Simulate, SimulationResult } from '../../../console/operate/simulate.tsx'
import { MAX_MEMBERS } from '../../../simulator/journey.ts'
import { SENDERS } from '../../../simulator/senders.ts'
import { SWITCHES } from '../../../simulator/trouble.ts'
import { runSimulation, SimulationRequest } from '../../api/operate/simulate.ts'
import type { ApiTools } from '../../tools.ts'
import { fieldsOf, goTo, show, showRefusal, signedIn } from '../frame.ts'
import { describeIssue } from '../query.ts'
import type { ConsoleEnv } from '../session.ts'

const PATH = '/console/simulate'

/** The routes of the simulator. */
export function simulation(tools: ApiTools) {
  return new Hono<ConsoleEnv>()
    .get('/', (c) => {
      const all = [...tools.configOf(c.env).sources.values()]
      const usable = all.flatMap((one) => (isBrokenSource(one) ? [] : [one]))
      const sources = usable.map(({ name, vendor }) => ({
        source: name,
        types: SENDERS[vendor].types,
      }))
      return show(
        c,
        'Simulate',
        <Simulate sources={sources} switches={SWITCHES} maxMembers={MAX_MEMBERS} />,
      )
    })
    .post('/', async (c) => {
      const fields = await fieldsOf(c)
      const request = v.safeParse(SimulationRequest, requestOf(fields))
      if (!request.success) return goTo(c, PATH, describeIssue(request.issues[0]), 'refused')
      const sent = await runSimulation(signedIn(c, tools), c.env, request.output, tools)
      if (!sent.ok) return showRefusal(c, sent.error, PATH)
      const { source } = request.output
      const { seed, start, total, steps, next } = sent.value
      const id = total === 1 ? steps[0]?.answer?.id : undefined
      if (typeof id === 'string')
        return goTo(c, `/console/events/${id}`, 'The message was sent. This is its event.')
      const again = next === null ? undefined : { ...fields, seed, start, offset: String(next) }
      return show(c, 'Simulate', <SimulationResult sent={{ source, seed, total, steps, again }} />)
    })
}

/** The form as a request to the API. */
function requestOf({
  source,
  type,
  email,
  members,
  seed,
  start,
  offset,
  ...fields
}: Record<string, string>) {
  const common = {
    source,
    ...(seed === undefined ? {} : { seed }),
    ...(offset === undefined ? {} : { offset: Number(offset) }),
  }
  if (type !== undefined) return { ...common, type, ...(email ? { overrides: { email } } : {}) }
  const switches = SWITCHES.filter((name) => fields[name] === 'true').map((name) => [name, true])
  const journey = {
    members: Number(members),
    ...(start === undefined ? {} : { start }),
    ...Object.fromEntries(switches),
  }
  return { ...common, journey }
}
