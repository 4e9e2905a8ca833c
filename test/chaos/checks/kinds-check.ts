// One event for each kind of receiver, and whether what must became of it.
import { type LoggedEvent, readEvent } from '../api.ts'
import { RELAY } from '../ports.ts'
import { type Receipt, type Receivers, toldOf } from '../receivers.ts'
import { KEY, TOLD } from '../setting.ts'
import { KINDS, KINDS_SOURCE, type Kind } from './kinds.ts'

/** What became of a kind's event. */
export type KindResult = {
  kind: Kind
  event: string
  state: string
  attempts: number
  requests: number
  breaches: string[]
}

/** Sends the events of all kinds in one request; gives the id of each by the kind's name. */
export async function sendKinds(): Promise<Map<string, string>> {
  const messages = KINDS.map(({ name }, i) => ({
    publisher_id: 'p',
    id: name,
    type: 'payment.created',
    timestamp: 1_780_000_000 + i,
  }))
  const response = await fetch(`${RELAY}/in/${KINDS_SOURCE}?key=${KEY}`, {
    method: 'POST',
    body: JSON.stringify(messages),
  })
  const { events = [] } = (await response.json()) as { events?: { id: string }[] }
  return new Map(KINDS.map(({ name }, i) => [name, events[i]?.id ?? '(not accepted)']))
}

/** Looks at all kinds as they are now. */
export async function lookAtKinds(
  ids: Map<string, string>,
  receivers: Receivers,
): Promise<KindResult[]> {
  return Promise.all(
    KINDS.map(async (kind) => {
      const event = ids.get(kind.name) ?? ''
      return judged(kind, event, await readEvent(event), receivers)
    }),
  )
}

function judged(
  kind: Kind,
  event: string,
  logged: LoggedEvent | undefined,
  { kinds, receipts }: Receivers,
): KindResult {
  const { name, error, check } = kind
  const delivery = logged?.deliveries.find(({ target }) => target === name)
  const { state = 'missing', attempts = [], due = null } = delivery ?? {}
  const seen = kinds.get(name)
  const requests = seen?.requests.length ?? 0
  const wanted = 'requests' in kind ? (kind.requests ?? requests) : kind.attempts
  const failures = attempts.map((attempt) => attempt.error ?? 'nothing')
  const isFitting = failures.every((failure) => error?.test(failure) ?? true)
  const own = seen && check?.(seen, due === null ? undefined : Date.parse(due))
  const breaches = [
    ...differing('state', state, kind.state),
    ...differing('number of attempts', attempts.length, kind.attempts),
    ...differing('number of requests', requests, wanted),
    ...differing('number of targets', logged?.deliveries.length, 1),
    ...differing('end as it was told', tellingOf(name, receipts), TELLINGS[kind.state]),
    ...(isFitting
      ? []
      : [`its attempts failed of ${failures.join(', ')}, not of ${error?.source}`]),
    ...(own ? [own] : []),
    ...(seen?.offences ?? []),
  ].map((problem) => `KIND: ${name}, ${event}: ${problem}`)
  return { kind, event, state, attempts: attempts.length, requests, breaches }
}

function differing(what: string, is: unknown, must: unknown): string[] {
  return is === must ? [] : [`its ${what} is ${is}, not ${must}`]
}

/** What the relay must tell of a delivery that ends so. */
const TELLINGS = {
  dead: 'relay.delivery_dead',
  held: 'relay.target_gone',
  delivered: undefined,
  retrying: undefined,
}

/** What the relay has told of a kind. */
function tellingOf(name: string, receipts: Receipt[]): string | undefined {
  return Object.values(TELLINGS).find((type = '') =>
    receipts.some(({ target, message }) => target === TOLD && message === toldOf(type, name)),
  )
}
