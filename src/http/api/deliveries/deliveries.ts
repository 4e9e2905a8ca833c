// Deliveries: the list of them, by target, state and event.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import type { Env } from '../../../env.ts'
import { listDeliveries } from '../../../store/deliveries/lists/delivery-lists.ts'
import { describe, query } from '../../operation.ts'
import { withPresentReasons } from '../../present-reason.ts'
import type { ApiTools } from '../../tools.ts'
import { Delivery, DeliveryState, pageOf } from '../answers/index.ts'
import { eventEntries, eventFilterOf, oneOrMore, PAGES, pageEntries, text } from '../fields.ts'

/** The query of a list of deliveries. */
export const deliveryListEntries = {
  ...pageEntries,
  ...eventEntries,
  target: oneOrMore(text, 'Names of targets'),
  state: oneOrMore(DeliveryState, 'States of deliveries'),
}

/** The routes of `/api/deliveries`. */
export function deliveries({ configOf, now }: ApiTools) {
  return new Hono<{ Bindings: Env }>().get(
    '/',
    describe({
      summary: 'Deliveries that match the filter, those of the newest events first',
      details: PAGES,
      answers: { 200: pageOf('deliveries', Delivery) },
    }),
    query(v.strictObject(deliveryListEntries)),
    async (c) => {
      const { limit, next: cursor, target, state, ...rest } = c.req.valid('query')
      const filter = { ...eventFilterOf(rest, now()), targets: target, states: state }
      const { items, next } = await listDeliveries(c.env, filter, { limit, cursor })
      const shown = await withPresentReasons(c.env.DB, configOf(c.env), items)
      return c.json({ deliveries: shown, next: next ?? null })
    },
  )
}
