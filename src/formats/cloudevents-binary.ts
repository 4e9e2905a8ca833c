// CloudEvents 1.0 in binary content mode: each attribute is a header, all of them text; the body is the data.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#31-binary-content-mode
import { ATTRIBUTE_PREFIX } from '../core/deliveries/headers.ts'
import type { Format } from './format.ts'

export const cloudeventsBinary = {
  id: 'cloudevents-binary',
  needsRaw: false,
  render({ data, datacontenttype, ...attributes }) {
    const headers = Object.entries(attributes).map(([name, value]) => [
      `${ATTRIBUTE_PREFIX}${name}`,
      encodeValue(String(value)),
    ])
    return {
      contentType: datacontenttype,
      headers: Object.fromEntries(headers),
      body: JSON.stringify(data),
    }
  },
} satisfies Format

/** A value as a header has it (§3.1.3.2): what is not printable ASCII, spaces, `"` and `%` as the bytes of UTF-8. */
function encodeValue(text: string): string {
  return text.replaceAll(/[^!#$&-~]+/gu, (part) =>
    [...new TextEncoder().encode(part)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )
}
