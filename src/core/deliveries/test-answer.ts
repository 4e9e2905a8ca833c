// What the answer to a test event says: whether the receiver's code read the event, or what its framework probably needs.
import { describeAnswer } from '../text.ts'
import { type Attempt, UNLOGGED_TYPE } from './delivery.ts'

/** How much of a response is shown beside the words. */
const SHOWN_CHARACTERS = 200

/** A test event, as far as its receipt can be told: by its type, an attribute, and a code, which only its data has. */
type TestEvent = { type: string; data: { code?: string } }

/**
 * The result of a test as sentences: what came back, its status and the first part of the response, what that means, and where
 * to read on. A 2xx says that somebody answered; only a response with type and code says that the event was read.
 */
export function wordsOfTest(target: string, event: TestEvent, attempt: Attempt): string[] {
  const { status, response = '' } = attempt
  const line = response.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
  const isCut = line.length > SHOWN_CHARACTERS
  const shown = isCut ? `${line.slice(0, SHOWN_CHARACTERS).toWellFormed()}…` : line
  const answer = describeAnswer(target, attempt)
  return [shown === '' ? `${answer}.` : `${answer}: ${shown}`, ...meaningOf(status, event, attempt)]
}

function meaningOf(status: number | undefined, event: TestEvent, attempt: Attempt): string[] {
  if (status === undefined) return []
  if (status >= 200 && status < 300) return [meaningOfSuccess(event, attempt)]
  const need = needOf(status, attempt)
  return need === undefined ? [] : [need, `More: docs/receiving.md, "When a test is refused".`]
}

function meaningOfSuccess({ type, data: { code } }: TestEvent, { response = '' }: Attempt): string {
  if (code === undefined) return 'That says that it answered, not that its code read the event.'
  if (response.includes(type) && response.includes(code)) {
    return `The answer has the type and the code of the event (${code}): the receiver has read its attributes and its data.`
  }
  return `That says that it answered, not that its code read the event: look there for the code ${code}. A receiver that answers a test with ${type} and the code shows it here.`
}

/** What the framework of a receiver probably needs that refused a test; undefined where the status does not tell. */
function needOf(status: number, { content_type = UNLOGGED_TYPE }: Attempt): string | undefined {
  switch (status) {
    case 400:
      return 'Probably a parser before its code refused the body: one for something else than JSON, or a schema that allows no unknown keys.'
    case 401:
    case 403:
      return 'It did not accept the signature, or asks for credentials: it must verify the bytes as they came, before they are parsed, with the secret of this target.'
    case 404:
      return `Probably nothing takes a POST at this path: check url. Some frameworks answer so when the route is for another content type than ${content_type}.`
    case 405:
      return 'There is something at this path, but it takes no POST.'
    case 413:
      return 'The body is larger than the framework or a proxy before it allows, and this one is small: raise that limit to 2 MB, as a mail can have hundreds of KB.'
    case 415:
      return `Its framework does not take the content type ${content_type} on this route: declare it there, or set content_type of the target.`
    default:
      return undefined
  }
}
