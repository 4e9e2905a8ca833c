// `/console/simulate`: what a vendor would send, sent from a form.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { isBrokenSource } from '../../../config.ts'
import { Sent, Simulate } from '../../../console/operate/simulate.tsx'
import { pluralize } from '../../../core/text.ts'
import { MAX_MEMBERS } from '../../../simulator/journey.ts'
import { SENDERS } from '../../../simulator/senders.ts'
import { SWITCHES } from '../../../simulator/trouble.ts'
import { runSimulation, SimulationRequest } from '../../simulation.ts'
import type { ApiTools } from '../../tools.ts'
import { acted, fieldsOf, goTo, show } from '../frame.ts'
import { wordsOf } from '../query.ts'
import type { ConsoleEnv } from '../session.ts'

const PATH = '/console/simulate'

/** The routes of the simulator. */
export function simulation(tools: ApiTools) {
  const { configOf, ...rest } = tools
  return new Hono<ConsoleEnv>()
    .get('/', (c) => {
      const all = [...configOf(c.env).sources.values()]
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
      const asked = v.safeParse(SimulationRequest, requestOf(fields))
      if (!asked.success) return goTo(c, PATH, wordsOf(asked.issues[0]), 'refused')
      const origin = new URL(c.req.url).origin
      const sent = await runSimulation(c.env, configOf(c.env), asked.output, { ...rest, origin })
      if (!sent.ok) return goTo(c, PATH, sent.error.words, 'refused')
      const { source } = asked.output
      const { seed, start, total, steps, next } = sent.value
      await acted(c, tools, 'simulated', `${pluralize(steps.length, 'message')} to ${source}`)
      const id = total === 1 ? steps[0]?.answer?.id : undefined
      if (typeof id === 'string')
        return goTo(c, `/console/events/${id}`, 'It was sent. This is what became of it.')
      const again = next === null ? undefined : { ...fields, seed, start, offset: String(next) }
      return show(c, 'Simulate', <Sent sent={{ source, seed, total, steps, again }} />)
    })
}

/** What the form asks for, as the API would be asked. */
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
