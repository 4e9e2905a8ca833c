// What the answer to a test event says: whether the receiver's code read the event, or what its framework probably needs.
import { describeAnswer } from '../text.ts'
import { type Attempt, UNLOGGED_TYPE } from './delivery.ts'

/** How much of a response is shown beside the words. */
const SHOWN_CHARACTERS = 200

/** A test event, as far as its receipt can be told: by its type, an attribute, and a code, which only its data has. */
type TestEvent = { type: string; data: { code?: string } }

/** What the request of a test had: whether the code was in its body, and whether it was signed. */
type TestRequest = { hasCode: boolean; isSigned: boolean }

/**
 * The result of a test as sentences: what came back, its status and the first part of the response, what that means, and where
 * to read on. A 2xx says that somebody answered; only a response with type and code says that the event was read.
 */
export function wordsOfTest(
  target: string,
  event: TestEvent,
  attempt: Attempt,
  request: TestRequest,
): string[] {
  const { response = '' } = attempt
  const line = response.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
  const isCut = line.length > SHOWN_CHARACTERS
  const shown = isCut ? `${line.slice(0, SHOWN_CHARACTERS).toWellFormed()}…` : line
  const answer = describeAnswer(target, attempt)
  return [
    shown === '' ? `${answer}.` : `${answer}: ${shown}`,
    ...meaningOf(event, attempt, request),
  ]
}

function meaningOf(event: TestEvent, attempt: Attempt, request: TestRequest): string[] {
  const { status } = attempt
  if (status === undefined) return []
  if (status >= 200 && status < 300) return [meaningOfSuccess(event, attempt, request)]
  const need = needOf(status, attempt, request)
  return need === undefined ? [] : [need, `More: docs/receiving.md, "When a test is refused".`]
}

function meaningOfSuccess(
  { type, data: { code } }: TestEvent,
  { response = '' }: Attempt,
  { hasCode }: TestRequest,
): string {
  if (code !== undefined && response.includes(type) && response.includes(code)) {
    return `The answer has the type and the code of the event (${code}): the receiver has read its attributes and its data.`
  }
  if (code === undefined || !hasCode) {
    return 'That says that it answered, not that its code read the event.'
  }
  return `That says that it answered, not that its code read the event: look there for the code ${code}. A receiver that answers a test with ${type} and the code shows it here.`
}

/** What the framework of a receiver probably needs that refused a test; undefined where the status does not tell. */
function needOf(
  status: number,
  { content_type = UNLOGGED_TYPE }: Attempt,
  { isSigned }: TestRequest,
): string | undefined {
  if (status >= 300 && status < 400) {
    return 'Redirects are not followed: set url of the target to the final address.'
  }
  switch (status) {
    case 400:
      return 'Probably a parser before its code refused the body: one for something else than JSON, or a schema that allows no unknown keys.'
    case 401:
    case 403:
      if (!isSigned) {
        return 'It asks for a signature or for credentials, and the target has no secret: set secret, or send credentials by its headers.'
      }
      return 'It did not accept the signature, or asks for credentials: it must verify the bytes as they came, before they are parsed, with the secret of this target.'
    case 404:
      return `Probably nothing takes a POST at this path: check url. Some frameworks answer so when the route is for another content type than ${content_type}.`
    case 405:
      return 'There is something at this path, but it takes no POST.'
    case 410:
      return 'It says that it is gone for good. An event that is no test stops the target then: its deliveries are held until an operator resumes it.'
    case 413:
      return 'The body is larger than the framework or a proxy before it allows, and this one is small: raise that limit to 2 MB, as a mail can have hundreds of KB.'
    case 415:
      return `Its framework does not take the content type ${content_type} on this route: declare it there, or set content_type of the target.`
    case 429:
      return 'It takes no more requests for now. Deliveries wait as long as its Retry-After says, and rate_per_second of the target limits them.'
    case 431:
      return 'Its server takes fewer bytes of headers than this request has. With format = "cloudevents-binary" each attribute is one: raise that limit, or use "cloudevents".'
    default:
      return undefined
  }
}
