// Checks that each accepted message arrived at the targets that want it, and nowhere else. Each breach is a sentence with ids.
import { type LoggedEvent, readEvent } from '../api.ts'
import { LOAD_TARGETS } from '../config.ts'
import type { Load, Message } from '../load.ts'
import type { Success } from '../receivers.ts'

/** A message that was answered 202 and has not arrived at a target that wants it. */
export type Missing = { message: Message; target: string }

/** All missing messages. One whose requests were all cut off or refused may be missing. */
export function listMissing({ messages }: Load, successes: readonly Success[]): Missing[] {
  const arrived = eventsByMessage(successes)
  return messages
    .filter(({ requests }) => requests.some(({ status }) => status === 202))
    .flatMap((message) =>
      message.wants
        .filter((target) => !arrived.has(`${message.name} ${target}`))
        .map((target) => ({ message, target })),
    )
}

/** The missing messages as sentences, with their deliveries by the log. */
export async function describeLosses(missing: readonly Missing[]): Promise<string[]> {
  const losses: string[] = []
  for (const { message, target } of missing) {
    const answers = message.requests.flatMap(({ id, receipt }) =>
      id && receipt ? [{ id, receipt }] : [],
    )
    const known: string[] = []
    for (const { id, receipt } of answers)
      known.push(`${id} ("${receipt}", ${describeDelivery(await readEvent(id), target)})`)
    losses.push(`LOST: ${message.name} did not arrive at ${target}: ${known.join(', ')}`)
  }
  return losses
}

/** An event's delivery to a target by the log, as text. */
export function describeDelivery(event: LoggedEvent | undefined, target: string): string {
  if (event === undefined) return 'not in the log'
  const delivery = event.deliveries.find((one) => one.target === target)
  if (delivery === undefined) return `${event.status}, no delivery`
  const { state, reason, due, attempts } = delivery
  const tries = attempts.map(({ at, ms, status, error }) => `${at}+${ms}ms ${status ?? error}`)
  return `${state}${reason ? ` (${reason})` : ''}, due ${due ?? 'never'}, attempts: ${tries.join(', ') || 'none'}`
}

/** The events that arrived at a target that does not want them, and the messages that became several events. */
export function listStrays({ messages }: Load, successes: readonly Success[]): string[] {
  const known = new Map(messages.map((message) => [message.name, message]))
  const here = successes.filter(({ target }) => target in LOAD_TARGETS)
  const strays = here.flatMap(({ target, event, message }) =>
    known.get(message)?.wants.includes(target)
      ? []
      : [`STRAY: ${event} (${message}) arrived at ${target}, which does not want it`],
  )
  const doubled = [...eventsByMessage(here)]
    .filter(([, events]) => events.size > 1)
    .map(
      ([where, events]) =>
        `DOUBLED: ${where}: one message, several events: ${[...events].join(', ')}`,
    )
  return [...strays, ...doubled]
}

/** The ids of the events that arrived, by message and target. */
function eventsByMessage(successes: readonly Success[]): Map<string, Set<string>> {
  const arrived = new Map<string, Set<string>>()
  for (const { target, event, message } of successes) {
    const where = `${message} ${target}`
    arrived.set(where, (arrived.get(where) ?? new Set()).add(event))
  }
  return arrived
}
