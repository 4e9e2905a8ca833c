// Checks that the relay's answers, log and ledger agree with the counts of the run. Each breach is a sentence with ids.
import type { Ledger } from '../api.ts'
import { LOAD_TARGETS, SYSTEM_EVENT_TARGET } from '../config.ts'
import type { Load, Message } from '../load.ts'
import type { Success } from '../receivers.ts'
import { KINDS, KINDS_SOURCE, type Kind } from './kinds.ts'

/** The answers with a wrong status, and the messages without an answer. */
export function checkAnswers({ messages }: Load): string[] {
  return messages.flatMap((message) => {
    const { name, requests, isAnswered } = message
    const wrong = requests.filter((request) => !isExpected(message, request))
    return [
      ...wrong.map(
        ({ status, receipt, id }) =>
          `ANSWER: ${name} (${message.expects}) was answered ${status} ${receipt ?? ''} ${id ?? ''}`,
      ),
      ...(isAnswered ? [] : [`ANSWER: ${name} was never answered, although all faults had ended`]),
    ]
  })
}

function isExpected(
  { expects }: Message,
  { status, receipt = '' }: Message['requests'][number],
): boolean {
  if (status === undefined || status === 503) return true
  return status === 202 && [expects, 'duplicate', 'queued'].includes(receipt)
}

/** The events that were answered 202 and are not in the log with the status of their receipt. `log` has the status of each id. */
export function checkLog({ messages }: Load, log: ReadonlyMap<string, string>): string[] {
  return messages.flatMap(({ name, requests }) =>
    requests.flatMap(({ id, receipt }) => {
      const problem = id && receipt ? logProblem(receipt, log.get(id)) : undefined
      return problem ? [`LOG: ${name} was answered "${receipt}" with ${id}, which ${problem}`] : []
    }),
  )
}

function logProblem(receipt: string, status: string | undefined): string | undefined {
  if (status === undefined) return 'is not in the log'
  if (receipt === 'queued') return undefined
  // The receipt of a duplicate has the id of the first event.
  const expected = receipt === 'duplicate' ? ['accepted', 'quarantined'] : [receipt]
  return expected.includes(status) ? undefined : `is ${status}`
}

/** The sums of the ledger that do not add up, or differ from the counts of the run. */
export function checkLedger(ledger: Ledger, load: Load, successes: readonly Success[]): string[] {
  const { adds_up, spilled } = ledger
  return [
    ...(adds_up ? [] : ['does not add up']),
    ...(spilled ? [`${spilled} requests are still spilled`] : []),
    ...sourceBreaches(ledger, 'hype', countRequests(load, 'hype')),
    ...sourceBreaches(ledger, 'hapana', countRequests(load, 'hapana')),
    ...sourceBreaches(ledger, KINDS_SOURCE, { answered: KINDS.length, sent: KINDS.length }),
    ...[...Object.keys(LOAD_TARGETS), SYSTEM_EVENT_TARGET].flatMap((target) =>
      targetBreaches(ledger, target, successes),
    ),
    ...KINDS.flatMap((kind) => kindBreaches(ledger, kind)),
  ].map((breach) => `LEDGER: ${breach}`)
}

/** The number of requests of a source that become an event each, and of those of them that were answered 202. */
function countRequests({ messages }: Load, source: Message['source']) {
  const requests = messages
    .filter((message) => message.source === source)
    .flatMap((message) => message.requests)
  return { sent: requests.length, answered: requests.filter(({ status }) => status === 202).length }
}

/** The log may contain events of requests that were not answered 202. */
function sourceBreaches(
  { sources }: Ledger,
  source: string,
  { sent, answered }: { sent: number; answered: number },
): string[] {
  const row = sources.find((one) => one.source === source)
  if (row === undefined) return [`does not have the source ${source}`]
  const { received, accepted, quarantined, duplicate } = row
  const parts = accepted + quarantined + duplicate
  return [
    ...(received === parts ? [] : [`${source} received ${received}, but its parts are ${parts}`]),
    ...(received >= answered && received <= sent
      ? []
      : [`${source} received ${received}, of ${sent} sent and ${answered} answered 202`]),
  ]
}

/** Every delivery to a target of the load is delivered, and each delivered event arrived. */
function targetBreaches(
  { targets }: Ledger,
  target: string,
  successes: readonly Success[],
): string[] {
  const row = targets.find((one) => one.target === target)
  if (row === undefined) return [`does not have the target ${target}`]
  const here = successes.filter((success) => success.target === target)
  const arrived = new Set(here.map(({ event }) => event)).size
  return [
    ...(row.delivered === arrived
      ? []
      : [`${target} delivered ${row.delivered}, but ${arrived} events arrived`]),
    ...(row.delivered === row.created
      ? []
      : [`not all deliveries are delivered: ${JSON.stringify(row)}`]),
  ]
}

function kindBreaches({ targets }: Ledger, { name, state }: Kind): string[] {
  const row = targets.find(({ target }) => target === name)
  return row?.created === 1 && row[state] === 1
    ? []
    : [`not one ${state} delivery for ${name}: ${JSON.stringify(row)}`]
}
