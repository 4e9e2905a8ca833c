// The vendor's own bytes, untouched: everything that it said goes to the target, sensitive fields included. An event
// that no vendor sent is a CloudEvent here too.
import { CLOUDEVENT_TYPE } from '../core/deliveries/delivery.ts'
import { RAW_GONE } from '../core/intake/request.ts'
import type { Format } from './format.ts'

export const raw = {
  id: 'raw',
  needsRaw: true,
  render(event, body, contentType) {
    // No vendor sent what follows from other events, or what the relay says of itself.
    if (body?.text === '') {
      return {
        contentType: CLOUDEVENT_TYPE,
        body: JSON.stringify(event),
      }
    }
    if (body === undefined) throw new Error(RAW_GONE)
    if (body.encoding !== 'utf8') throw new Error('what came is no text')
    return { contentType: contentType ?? 'application/json', body: body.text }
  },
} satisfies Format
