// `why`: what an event is and why, and what became of it, in a few lines.
import { Command } from 'commander'
import { nextAttempt } from '../../../../core/deliveries/delivery.ts'
import { decisionsOf } from '../../../../core/events/explain/decisions.ts'
import { summaryOf } from '../../../../core/events/explain/summary.ts'
import { table } from '../../../table.ts'
import { answerOf, apiOf } from '../../client.ts'
import { print } from '../../output.ts'
import type { Event } from './event.ts'

/** The command. */
export function whyCommand(): Command {
  return new Command('why')
    .description('say what an event is and why, and what each target got')
    .argument('<event>', 'evt_…')
    .action(async (id: string, _options, command: Command) => {
      const event = await answerOf(apiOf(command).events[':id'].$get({ param: { id } }))
      const decisions = decisionsOf(event)
      const deliveries = event.deliveries.map(({ target, state, reason, due }) => ({
        target,
        state,
        reason,
        next_attempt: nextAttempt(state, due),
      }))
      const answer = { event: event.id, summary: summaryOf(event), decisions, deliveries }
      print(command, answer, () => textOf(event))
    })
}

function textOf(event: Event): string {
  const decisions = decisionsOf(event).map(({ what, is, because, events }) => [
    `${what}:`,
    is,
    [because, ...events].join(' ').trim(),
  ])
  return [
    summaryOf(event),
    '',
    ...(decisions.length > 0 ? [table(['field', 'value', 'reason'], decisions), ''] : []),
    ...(event.deliveries.length === 0
      ? ['No target matched.']
      : event.deliveries.map(deliveryLine)),
  ].join('\n')
}

function deliveryLine({
  target,
  state,
  reason,
  due,
  attempts,
}: Event['deliveries'][number]): string {
  const last = attempts.at(-1)
  const result = last === undefined ? '' : `, answered ${last.status ?? last.error} at ${last.at}`
  const next = nextAttempt(state, due)
  return [
    `${target}: ${state}`,
    reason === null ? '' : ` (${reason})`,
    result,
    next === null ? '' : `, next attempt ${next}`,
  ].join('')
}
