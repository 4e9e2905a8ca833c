// CloudEvents 1.0 in the structured mode of the HTTP binding: the whole event is the body.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
import type { Format } from './format.ts'

export const cloudevents = {
  id: 'cloudevents',
  needsRaw: false,
  render: (event) => ({
    contentType: 'application/cloudevents+json; charset=utf-8',
    body: JSON.stringify(event),
  }),
} satisfies Format
