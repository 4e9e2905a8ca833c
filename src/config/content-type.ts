// `content_type` of a target: which media types it may be, by itself and with the format of the target.
import * as v from 'valibot'
import { CLOUDEVENT_TYPE } from '../core/deliveries/delivery.ts'
import { charsetsOf, isCloudEventType, isMediaType, isUtf8 } from '../core/deliveries/media-type.ts'
import type { FormatId } from '../formats/index.ts'

/** The media types of forms. Their parsers take JSON without an error, and read nothing of it. */
const FORM = /^(application\/x-www-form-urlencoded|multipart\/)/i

/** A media type that does not name another charset than that of every body, nor a form. */
export const ContentType = v.pipe(
  v.string('must be a string'),
  v.check(isMediaType, 'must be a media type such as application/json'),
  v.check(
    (type) => !isMediaType(type) || charsetsOf(type).every(isUtf8),
    'must not name another charset than utf-8, in which every body is sent: leave charset out',
  ),
  v.check(
    (type) => !FORM.test(type),
    'must not name a form, as every body is JSON, of which parsers of forms read nothing: use application/json, or text/plain to get text',
  ),
)

/**
 * Why a target with this format cannot have this content type; undefined if it can. A receiver takes what is called a
 * CloudEvent for one, and in binary mode the content type is that of the data.
 */
export function contentTypeProblem(target: {
  format: FormatId
  content_type?: string | undefined
}): string | undefined {
  const { format, content_type } = target
  if (content_type === undefined) return undefined
  if (format === 'cloudevents-binary') {
    return 'cannot be combined with format = "cloudevents-binary", whose content type is that of the data: remove it'
  }
  if (!isCloudEventType(content_type)) return undefined
  if (format !== 'cloudevents') {
    return `must not name a CloudEvent: with format = "${format}" the body is another JSON. Remove it, or use application/json`
  }
  const isStructured = content_type.split(';')[0]?.trim().toLowerCase() === CLOUDEVENT_TYPE
  return isStructured ? undefined : `must be ${CLOUDEVENT_TYPE}, as the body is one event in JSON`
}
