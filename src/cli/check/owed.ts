// What a running relay owes to targets that a configuration does not have: they are cancelled a day after its deploy.
import { type Config, targetOf } from '../../config.ts'
import { pluralize } from '../../core/text.ts'
import { answerOf, connect } from '../relay/client.ts'

/** How many deliveries of a target are not finished. */
type Backlog = { target: string; count: number }

/** A sentence for each target with owed deliveries that a configuration does not have. */
export function owedToOthers(config: Config, owed: readonly Backlog[]): string[] {
  return owed
    .filter(({ target, count }) => count > 0 && targetOf(config, target) === undefined)
    .map(({ target, count }) => {
      const deliveries = pluralize(count, 'delivery is', 'deliveries are')
      const [are, them] = count === 1 ? ['it is', 'it'] : ['they are', 'them']
      return (
        `${deliveries} owed to "${target}", which this configuration does not have: ${are} held for a day after the ` +
        `deploy, then cancelled. To send ${them}, keep the target's name.`
      )
    })
}

/** What a relay owes to targets that a configuration does not have, as text. Throws a UserError if it cannot be asked. */
export async function reportOwed(url: string, config: Config): Promise<string> {
  const { targets } = await answerOf(connect({ url }).targets.$get())
  const owed = targets.map(({ name, figures }) => {
    const { pending = 0, retrying = 0, held = 0 } = figures?.backlog ?? {}
    return { target: name, count: pending + retrying + held }
  })
  const lines = owedToOthers(config, owed)
  return lines.length > 0
    ? ['OWED', ...lines.map((line) => `  ${line}`)].join('\n')
    : 'No deliveries are owed to a target that this configuration does not have.'
}
