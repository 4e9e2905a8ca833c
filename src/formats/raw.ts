// The received payload unchanged, sensitive fields included. An event without one (inferred, or the relay's own) is sent
// as a CloudEvent. Its content type, which nothing else gets, tells the two apart.
import { CLOUDEVENT_TYPE, JSON_TYPE } from '../core/deliveries/delivery.ts'
import { isCloudEventType } from '../core/deliveries/media-type.ts'
import { RAW_GONE } from '../core/intake/request.ts'
import type { Format } from './format.ts'

export const raw = {
  id: 'raw',
  needsRaw: true,
  render(event, body, contentType) {
    // Inferred events and the relay's own have an empty payload.
    if (body?.text === '') {
      return {
        contentType: CLOUDEVENT_TYPE,
        body: JSON.stringify(event),
      }
    }
    if (body === undefined) throw new Error(RAW_GONE)
    if (body.encoding !== 'utf8') throw new Error('the received payload is not text')
    const isOwn = contentType !== undefined && !isCloudEventType(contentType)
    return { contentType: isOwn ? contentType : JSON_TYPE, body: body.text }
  },
} satisfies Format
