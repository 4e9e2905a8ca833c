// One event for each kind of receiver, and whether its delivery ended as it must.
import { type LoggedEvent, readEvent } from '../api.ts'
import { KEY, SYSTEM_EVENT_TARGET } from '../config.ts'
import { RELAY } from '../ports.ts'
import { type Receivers, type Success, systemEventName } from '../receivers.ts'
import { KINDS, KINDS_SOURCE, type Kind } from './kinds.ts'

/** The delivery of a kind's event. */
export type KindResult = {
  kind: Kind
  event: string
  state: string
  attempts: number
  requests: number
  breaches: string[]
}

/** Sends the events of all kinds in one request; returns the id of each by the kind's name. */
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

/** The results of all kinds at present. */
export async function inspectKinds(
  ids: Map<string, string>,
  receivers: Receivers,
): Promise<KindResult[]> {
  return Promise.all(
    KINDS.map(async (kind) => {
      const event = ids.get(kind.name) ?? ''
      return resultOf(kind, event, await readEvent(event), receivers)
    }),
  )
}

function resultOf(
  kind: Kind,
  event: string,
  logged: LoggedEvent | undefined,
  { kinds, successes }: Receivers,
): KindResult {
  const { name, error, check } = kind
  const delivery = logged?.deliveries.find(({ target }) => target === name)
  const { state = 'missing', attempts = [], due = null } = delivery ?? {}
  const seen = kinds.get(name)
  const requests = seen?.requests.length ?? 0
  const wanted = 'requests' in kind ? (kind.requests ?? requests) : kind.attempts
  const failures = attempts.map((attempt) => attempt.error ?? 'nothing')
  const isExpected = failures.every((failure) => error?.test(failure) ?? true)
  const own = seen && check?.(seen, due === null ? undefined : Date.parse(due))
  const breaches = [
    ...differing('state', state, kind.state),
    ...differing('number of attempts', attempts.length, kind.attempts),
    ...differing('number of requests', requests, wanted),
    ...differing('number of targets', logged?.deliveries.length, 1),
    ...differing('system event', systemEventFor(name, successes), SYSTEM_EVENTS[kind.state]),
    ...(isExpected
      ? []
      : [`its attempts failed with ${failures.join(', ')}, not with ${error?.source}`]),
    ...(own ? [own] : []),
    ...(seen?.violations ?? []),
  ].map((problem) => `KIND: ${name}, ${event}: ${problem}`)
  return { kind, event, state, attempts: attempts.length, requests, breaches }
}

function differing(name: string, is: unknown, must: unknown): string[] {
  return is === must ? [] : [`its ${name} is ${is}, not ${must}`]
}

/** The system event that the relay must send for a delivery that ends in a state. */
const SYSTEM_EVENTS = {
  dead: 'relay.delivery_dead',
  held: 'relay.target_gone',
  delivered: undefined,
  retrying: undefined,
}

/** The type of the system event that was sent about a kind. */
function systemEventFor(name: string, successes: Success[]): string | undefined {
  return Object.values(SYSTEM_EVENTS).find((type = '') =>
    successes.some(
      ({ target, message }) =>
        target === SYSTEM_EVENT_TARGET && message === systemEventName(type, name),
    ),
  )
}
