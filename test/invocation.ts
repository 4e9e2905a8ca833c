// An invocation of the Worker in a test: the statements in it are counted as production counts them.
import { AsyncLocalStorage } from 'node:async_hooks'
import { type D1_LIMITS, type StatementCount, statementsOf } from './limits.ts'

// Files of tests share a runtime but not their modules.
const shared = globalThis as unknown as { invocations?: AsyncLocalStorage<StatementCount> }
shared.invocations ??= new AsyncLocalStorage()
const invocations = shared.invocations

/** The count of the present invocation; undefined in the test's own statements, which are not limited. */
export function presentCount(): StatementCount | undefined {
  return invocations.getStore()
}

/** Runs the work of one invocation, which may make as many statements as a plan allows. */
export function anInvocation<T>(
  work: () => T,
  plan: keyof typeof D1_LIMITS.statements = 'paid',
  count = statementsOf(plan),
): T {
  return invocations.run(count, work)
}
