// `/console/deliveries`: the list of deliveries.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { Deliveries } from '../../../console/deliveries/deliveries.tsx'
import { RELAY_SOURCE } from '../../../core/events/system-event.ts'
import { listDeliveries } from '../../../store/deliveries/lists/delivery-lists.ts'
import { deliveryListEntries } from '../../api/deliveries/deliveries.ts'
import { eventFilterOf } from '../../api/fields.ts'
import { withPresentReasons } from '../../present-reason.ts'
import type { ApiTools } from '../../tools.ts'
import { show, showError } from '../frame.ts'
import { queryOf, searchedTo } from '../query.ts'
import type { ConsoleEnv } from '../session.ts'

const { email: _, ...entries } = deliveryListEntries
const ListQuery = v.strictObject(entries)

/** The route of the deliveries. */
export function deliveries({ configOf, now }: ApiTools) {
  return new Hono<ConsoleEnv>().get('/', async (c) => {
    const read = queryOf(c, ListQuery)
    if (!read.ok) return showError(c, read.error)
    const { limit, next: cursor, target, state, ...rest } = read.value.value
    const filter = { ...eventFilterOf(rest, now()), targets: target, states: state }
    const { items, next } = await listDeliveries(c.env, filter, { limit, cursor })
    const config = configOf(c.env)
    const view = {
      query: read.value.query,
      targets: config.targets.map(({ name }) => name),
      sources: [...config.sources.keys(), RELAY_SOURCE],
      deliveries: await withPresentReasons(c.env.DB, config, items),
      next,
      searchedTo: searchedTo(next),
    }
    return show(c, 'Deliveries', <Deliveries {...view} />)
  })
}
