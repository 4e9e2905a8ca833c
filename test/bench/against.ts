// This build against another revision of the project: both in one runtime, in turns, each with its own code, schema and
// wrangler.toml. Compared are accepting, draining a backlog, and what an event takes of D1 and of the queues.
import { UserError } from '../../src/cli/user-error.ts'
import { acceptingTable, measureAccepting } from './against/accepting.ts'
import { countEvents, countsTable } from './against/counting.ts'
import { drainingTable, measureDraining } from './against/draining.ts'
import { goalsOf } from './against/goals.ts'
import type { Bench, Options, Result } from './tools/bench.ts'
import { checkOut, copyInto } from './tools/checkout.ts'

export const against: Bench = {
  summary: 'this build against another revision: accepting, draining, counts (seven minutes)',
  run: async (options) => {
    const { base, progress } = options
    if (base === undefined) throw new UserError('against takes --base REV, a revision of Git.')
    const checkout = await checkOut(base)
    const removeAndEnd = () => {
      checkout.remove()
      process.exit(1)
    }
    process.once('SIGINT', removeAndEnd).once('SIGTERM', removeAndEnd)
    try {
      progress(`base: ${base}, commit ${checkout.commit}`)
      copyInto(checkout.root, 'test/bench/worker/held.ts')
      copyInto(checkout.root, 'test/bench/worker/priced.ts')
      return await compare({ base, ...checkout }, options)
    } finally {
      process.off('SIGINT', removeAndEnd).off('SIGTERM', removeAndEnd)
      checkout.remove()
    }
  },
}

async function compare(
  { base, root, commit }: { base: string; root: string; commit: string },
  options: Options,
): Promise<Result> {
  const counts = await countEvents(root, options)
  const draining = await measureDraining(root, options)
  const accepting = await measureAccepting(root, options)
  return {
    notes: [
      `Base: ${base}, commit ${commit.slice(0, 9)}. A ratio is this build to the base: the median of rounds (least–greatest).`,
      'Both builds are in one process of the local runtime and take turns. CPU is that of the process, D1 and queues included.',
    ],
    tables: [acceptingTable(accepting), drainingTable(draining), countsTable(counts)],
    goals: goalsOf(accepting, draining),
  }
}
