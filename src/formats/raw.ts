// The vendor's own bytes, untouched: everything that it said goes to the target, sensitive fields included.
import type { Format } from './format.ts'

export const raw = {
  id: 'raw',
  needsRaw: true,
  render(_event, body, contentType) {
    if (body?.encoding !== 'utf8') throw new Error('the raw body is not there as text any more')
    return { contentType: contentType ?? 'application/json', body: body.text }
  },
} satisfies Format
