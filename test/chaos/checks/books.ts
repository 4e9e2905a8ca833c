// Whether the relay's answers, log and ledger say what was counted here; each breach is a sentence with ids.
import type { Ledger } from '../api.ts'
import type { Load, Message } from '../load.ts'
import type { Receipt } from '../receivers.ts'
import { LOAD_TARGETS, TOLD } from '../setting.ts'
import { KINDS, KINDS_SOURCE, type Kind } from './kinds.ts'

/** Each answer says of a message what is true of it; gives where it does not. */
export function answersOf({ messages }: Load): string[] {
  return messages.flatMap((message) => {
    const { name, sendings, isAnswered } = message
    const wrong = sendings.filter((sending) => !isFitting(message, sending))
    return [
      ...wrong.map(
        ({ status, said, id }) =>
          `ANSWER: ${name} (${message.expects}) was answered ${status} ${said ?? ''} ${id ?? ''}`,
      ),
      ...(isAnswered
        ? []
        : [`ANSWER: ${name} was never answered, though nothing was in its way any more`]),
    ]
  })
}

function isFitting(
  { expects }: Message,
  { status, said = '' }: Message['sendings'][number],
): boolean {
  if (status === undefined || status === 503) return true
  if (expects === 'refused') return status === 400
  return status === 202 && [expects, 'duplicate', 'queued'].includes(said)
}

/** What was answered 202 is in the log as it was answered; gives what is not. `log` is the status of each event. */
export function logOf({ messages }: Load, log: ReadonlyMap<string, string>): string[] {
  return messages.flatMap(({ name, sendings }) =>
    sendings.flatMap(({ id, said }) => {
      const problem = id && said ? logProblem(said, log.get(id)) : undefined
      return problem ? [`LOG: ${name} was answered "${said}" with ${id}, which ${problem}`] : []
    }),
  )
}

function logProblem(said: string, status: string | undefined): string | undefined {
  if (status === undefined) return 'is not in the log'
  if (said === 'queued') return undefined
  // A duplicate is answered with the id of the first.
  const fitting = said === 'duplicate' ? ['accepted', 'quarantined'] : [said]
  return fitting.includes(status) ? undefined : `is ${status}`
}

/** The ledger adds up, and says what was counted here; gives what it does not. */
export function ledgerOf(ledger: Ledger, load: Load, receipts: readonly Receipt[]): string[] {
  const { adds_up, spilled } = ledger
  return [
    ...(adds_up ? [] : ['does not add up']),
    ...(spilled ? [`${spilled} requests are still spilled`] : []),
    ...sourceBreaches(ledger, 'hype', handedIn(load, 'hype')),
    ...sourceBreaches(ledger, 'hapana', handedIn(load, 'hapana')),
    ...sourceBreaches(ledger, KINDS_SOURCE, { answered: KINDS.length, sent: KINDS.length }),
    ...[...Object.keys(LOAD_TARGETS), TOLD].flatMap((target) =>
      targetBreaches(ledger, target, receipts),
    ),
    ...KINDS.flatMap((kind) => kindBreaches(ledger, kind)),
  ].map((breach) => `LEDGER: ${breach}`)
}

/** How many requests of a source were sent that make an event each, and how many of them were answered 202. */
function handedIn({ messages }: Load, source: Message['source']) {
  const sendings = messages
    .filter((message) => message.source === source && message.expects !== 'refused')
    .flatMap((message) => message.sendings)
  return { sent: sendings.length, answered: sendings.filter(({ status }) => status === 202).length }
}

/** Of what was not answered 202, the log may hold some and not others. */
function sourceBreaches(
  { sources }: Ledger,
  source: string,
  { sent, answered }: { sent: number; answered: number },
): string[] {
  const row = sources.find((one) => one.source === source)
  if (row === undefined) return [`does not know the source ${source}`]
  const { received, accepted, quarantined, duplicate } = row
  const parts = accepted + quarantined + duplicate
  return [
    ...(received === parts ? [] : [`${source} received ${received}, but its parts are ${parts}`]),
    ...(received >= answered && received <= sent
      ? []
      : [`${source} received ${received}, of ${sent} sent and ${answered} answered 202`]),
  ]
}

/** What is owed to a target of the load is delivered, to the unit. */
function targetBreaches(
  { targets }: Ledger,
  target: string,
  receipts: readonly Receipt[],
): string[] {
  const row = targets.find((one) => one.target === target)
  if (row === undefined) return [`does not know the target ${target}`]
  const here = receipts.filter((receipt) => receipt.target === target)
  const arrived = new Set(here.map(({ event }) => event)).size
  return [
    ...(row.delivered === arrived
      ? []
      : [`${target} delivered ${row.delivered}, but ${arrived} events arrived`]),
    ...(row.delivered === row.created ? [] : [`not all is delivered: ${JSON.stringify(row)}`]),
  ]
}

function kindBreaches({ targets }: Ledger, { name, state }: Kind): string[] {
  const row = targets.find(({ target }) => target === name)
  return row?.created === 1 && row[state] === 1
    ? []
    : [`not one ${state} delivery for ${name}: ${JSON.stringify(row)}`]
}
