// `event`: one event whole: what came, what was made of it, what became of its deliveries.
import { Command } from 'commander'
import { type Answer, type Api, answerOf, apiOf } from '../client.ts'
import { print } from '../output.ts'
import { table } from '../table.ts'

type Event = Answer<Awaited<ReturnType<Api['events'][':id']['$get']>>>
type Delivery = Event['deliveries'][number]

/** The command. */
export function eventCommand(): Command {
  return new Command('event')
    .description('one event whole: what came, what was made of it, what became of its deliveries')
    .argument('<event>', 'evt_…')
    .action(async (id: string, _options, command: Command) => {
      const api = apiOf(command)
      print(command, await answerOf(api.events[':id'].$get({ param: { id } })), inWords)
    })
}

function inWords(event: Event): string {
  const { id, source, status, type, vendortype, receivedat, matched, issues, deliveries } = event
  return [
    `${id}  ${type}  ${status}`,
    `from ${source}${vendortype === null ? '' : ` (${vendortype})`}, received ${receivedat}`,
    ...(matched === null ? [] : [`says the same as ${matched.id} (${matched.rung})`]),
    ...(issues ?? []).map(({ path, message }) => `not understood: ${path} ${message}`),
    '',
    'What came:',
    pretty(event.raw),
    '',
    ...(event.event === null
      ? []
      : ['What was made of it:', JSON.stringify(event.event, null, 2), '']),
    ...(deliveries.length === 0
      ? ['No target wanted it.']
      : deliveries.flatMap((delivery) => [...deliveryInWords(delivery), '']).slice(0, -1)),
  ].join('\n')
}

function pretty({ text, encoding }: Event['raw']): string {
  if (text === null) return '(no longer kept: its retention is over)'
  if (encoding === 'base64') return `(base64) ${text}`
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

function deliveryInWords({ target, state, reason, due, attempts }: Delivery): string[] {
  const next = due === null ? '' : `, next attempt ${due}`
  const rows = attempts.map(({ attempt, at, ms, status, error, response }) => [
    attempt,
    at,
    ms,
    status ?? error ?? '',
    (response ?? '').replaceAll(/\s+/g, ' ').slice(0, 60),
  ])
  return [
    `${target}: ${state}${reason === null ? '' : ` (${reason})`}${next}`,
    ...(rows.length === 0 ? [] : [table(['attempt', 'at', 'ms', 'answer', ''], rows)]),
  ]
}
