// `event`: one event with its received payload, its normalized form and its deliveries.
import { Command } from 'commander'
import { nextAttempt } from '../../../../core/deliveries/delivery.ts'
import { table } from '../../../table.ts'
import { type Answer, type Api, answerOf, apiOf } from '../../client.ts'
import { print } from '../../output.ts'

/** An event in full. */
export type Event = Answer<Awaited<ReturnType<Api['events'][':id']['$get']>>>
type Delivery = Event['deliveries'][number]

/** How much of a response body is shown. */
const RESPONSE_CHARACTERS = 60

/** The command. */
export function eventCommand(): Command {
  return new Command('event')
    .description('show one event: received payload, normalized event, deliveries and attempts')
    .argument('<event>', 'evt_…')
    .action(async (id: string, _options, command: Command) => {
      const api = apiOf(command)
      print(command, await answerOf(api.events[':id'].$get({ param: { id } })), textOf)
    })
}

function textOf(event: Event): string {
  const { id, source, status, type, vendortype, receivedat, matched, issues, deliveries } = event
  const duplicate = status === 'duplicate' ? 'duplicate of' : 'possible duplicate of'
  return [
    `${id}  ${type}  ${status}`,
    `from ${source}${vendortype === null ? '' : ` (${vendortype})`}, received ${receivedat}`,
    ...(matched === null ? [] : [`${duplicate} ${matched.id} (matched by ${matched.by})`]),
    // An event that was released from quarantine keeps its issues.
    ...(issues ?? []).map(
      ({ path, message }) => `not understood when received: ${path} ${message}`,
    ),
    '',
    'Received payload:',
    payloadText(event.raw),
    '',
    ...(event.event === null
      ? []
      : ['Normalized event:', JSON.stringify(event.event, null, 2), '']),
    ...(deliveries.length === 0
      ? ['No target matched.']
      : deliveries.flatMap((delivery) => [...deliveryLines(delivery), '']).slice(0, -1)),
  ].join('\n')
}

function payloadText({ text, encoding, unreadable }: Event['raw']): string {
  if (unreadable !== undefined) return `(kept, but ${unreadable})`
  if (text === null) return '(deleted after its retention period)'
  if (encoding === 'base64') return `(base64) ${text}`
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

function deliveryLines({ target, state, reason, due, attempts }: Delivery): string[] {
  const nextAt = nextAttempt(state, due)
  const next = nextAt === null ? '' : `, next attempt ${nextAt}`
  const rows = attempts.map(({ attempt, at, ms, status, error, response }) => [
    attempt,
    at,
    ms,
    status ?? error ?? '',
    (response ?? '').replaceAll(/\s+/g, ' ').slice(0, RESPONSE_CHARACTERS),
  ])
  return [
    `${target}: ${state}${reason === null ? '' : ` (${reason})`}${next}`,
    ...(rows.length === 0 ? [] : [table(['attempt', 'at', 'ms', 'result', 'response'], rows)]),
  ]
}
