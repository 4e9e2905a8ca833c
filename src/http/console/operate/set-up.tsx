// `/console/set-up`: the configuration, and instructions for vendors and receivers.
import { Hono } from 'hono/tiny'
import type { Config } from '../../../config.ts'
import { SetUp, type TargetConfigView } from '../../../console/operate/set-up.tsx'
import { isBroken } from '../../../core/deliveries/target.ts'
import { sourceViews } from '../../api/ledger/sources.ts'
import type { ApiTools } from '../../tools.ts'
import { show } from '../frame.ts'
import type { ConsoleEnv } from '../session.ts'

/** The route of the set-up. */
export function setUp({ configOf, now }: ApiTools) {
  return new Hono<ConsoleEnv>().get('/', (c) => {
    const config = configOf(c.env)
    const { errors, notes, weak } = config
    const sources = sourceViews(config, undefined, new URL(c.req.url).origin, now())
    const view = {
      sources,
      targets: config.targets.map(targetConfigOf),
      errors,
      notes: [...weak, ...notes],
    }
    return show(c, 'Set-up', <SetUp {...view} />)
  })
}

function targetConfigOf(target: Config['targets'][number]): TargetConfigView {
  const { name, events } = target
  const sources = target.sources ?? null
  if (isBroken(target)) {
    const { broken } = target
    return { name, events, sources, broken, format: '', signed: false, enabled: true }
  }
  const { format, transform, secrets, enabled } = target
  const as = transform === undefined ? format : 'transform'
  return { name, events, sources, broken: null, format: as, signed: secrets.length > 0, enabled }
}
