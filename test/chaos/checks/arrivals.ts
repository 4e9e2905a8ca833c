// Whether everything is where it must be, and nothing where it must not; each breach is a sentence with ids.
import { type LoggedEvent, readEvent } from '../api.ts'
import type { Load, Message } from '../load.ts'
import type { Receipt } from '../receivers.ts'
import { LOAD_TARGETS } from '../setting.ts'

/** What was answered 202 and has not come to a target that wants it. */
export type Missing = { message: Message; target: string }

/** Everything that is missing. What was cut off or refused each time may be missing. */
export function missingOf({ messages }: Load, receipts: readonly Receipt[]): Missing[] {
  const arrived = arrivalsOf(receipts)
  return messages
    .filter(({ sendings }) => sendings.some(({ status }) => status === 202))
    .flatMap((message) =>
      message.wants
        .filter((target) => !arrived.has(`${message.name} ${target}`))
        .map((target) => ({ message, target })),
    )
}

/** What is missing in words, with what the log knows of it. */
export async function lossesOf(missing: readonly Missing[]): Promise<string[]> {
  const losses: string[] = []
  for (const { message, target } of missing) {
    const answers = message.sendings.flatMap(({ id, said }) => (id && said ? [{ id, said }] : []))
    const known: string[] = []
    for (const { id, said } of answers)
      known.push(`${id} ("${said}", ${fateOf(await readEvent(id), target)})`)
    losses.push(`LOST: ${message.name} never came to ${target}: ${known.join(', ')}`)
  }
  return losses
}

/** What the log says of an event's delivery to a target, in words. */
export function fateOf(event: LoggedEvent | undefined, target: string): string {
  if (event === undefined) return 'not in the log'
  const delivery = event.deliveries.find((one) => one.target === target)
  if (delivery === undefined) return `${event.status}, no delivery`
  const { state, reason, due, attempts } = delivery
  const tries = attempts.map(({ at, ms, status, error }) => `${at}+${ms}ms ${status ?? error}`)
  return `${state}${reason ? ` (${reason})` : ''}, due ${due ?? 'never'}, attempts: ${tries.join(', ') || 'none'}`
}

/** Nothing came to a target that did not want it, and a message is the same event everywhere; gives what is not so. */
export function strayOf({ messages }: Load, receipts: readonly Receipt[]): string[] {
  const known = new Map(messages.map((message) => [message.name, message]))
  const here = receipts.filter(({ target }) => target in LOAD_TARGETS)
  const strays = here.flatMap(({ target, event, message }) =>
    known.get(message)?.wants.includes(target)
      ? []
      : [`STRAY: ${event} (${message}) came to ${target}`],
  )
  const doubled = [...arrivalsOf(here)]
    .filter(([, events]) => events.size > 1)
    .map(
      ([where, events]) =>
        `DOUBLED: ${where}: one message, several events: ${[...events].join(', ')}`,
    )
  return [...strays, ...doubled]
}

/** The events that came of a message at a target. */
function arrivalsOf(receipts: readonly Receipt[]): Map<string, Set<string>> {
  const arrived = new Map<string, Set<string>>()
  for (const { target, event, message } of receipts) {
    const where = `${message} ${target}`
    arrived.set(where, (arrived.get(where) ?? new Set()).add(event))
  }
  return arrived
}
