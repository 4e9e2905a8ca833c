// CloudEvents 1.0 in structured content mode: the body is the whole event as JSON.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
import { CLOUDEVENT_TYPE } from '../core/deliveries/delivery.ts'
import type { Format } from './format.ts'

export const cloudevents = {
  id: 'cloudevents',
  needsRaw: false,
  render: (event) => ({
    contentType: CLOUDEVENT_TYPE,
    body: JSON.stringify(event),
  }),
} satisfies Format
