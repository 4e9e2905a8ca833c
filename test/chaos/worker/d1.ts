// A D1 with faults: its calls fail, are slow, or are carried out and report an error.
import { currentPlan, isAffected, logFault, stalled } from './state.ts'

/** Ids and names are shorter, bodies longer. */
const LONGEST_NAME = 70

/** A statement with its bound values, so that the log line of a fault can identify its rows. */
type Statement = D1PreparedStatement & { inner: D1PreparedStatement; values: unknown[] }

/** Wraps the methods of D1 that the relay uses; calls of others throw. */
export function faultyD1(db: D1Database): D1Database {
  const wrapped = {
    prepare: (sql: string) => statement(db.prepare(sql), []),
    batch: (statements: Statement[]) =>
      withFaults(statements, () => db.batch(statements.map(({ inner }) => inner))),
  }
  return wrapped as unknown as D1Database
}

function statement(inner: D1PreparedStatement, values: unknown[]): Statement {
  const self = {
    inner,
    values,
    bind: (...bound: unknown[]) => statement(inner.bind(...bound), bound),
    all: () => withFaults([self], () => inner.all()),
    run: () => withFaults([self], () => inner.run()),
    first: (column: string) => withFaults([self], () => inner.first(column)),
  } as unknown as Statement
  return self
}

/** Carries out a call with the faults of the plan. */
async function withFaults<T>(statements: Statement[], work: () => Promise<T>): Promise<T> {
  const { d1 } = currentPlan()
  if (d1 === 'ok' || !isAffected()) return work()
  if (d1 === 'fail') {
    logFault('D1 fails', { lost: statements.flatMap(namesIn) })
    throw new Error('D1_ERROR: Network connection lost.')
  }
  if (d1 === 'stall') {
    logFault('D1 stalls')
    return stalled(work)
  }
  await work()
  logFault('D1 fails after commit')
  throw new Error('D1_ERROR: Network connection lost.')
}

/** The short texts of each row of a statement: those that were bound, and those of each row bound as JSON. */
function namesIn({ values }: Statement): string[][] {
  const rows = values.filter(isRow).map((row) => Object.values(JSON.parse(row) as object))
  return [values, ...rows].map((texts) =>
    texts.filter((text): text is string => typeof text === 'string' && text.length <= LONGEST_NAME),
  )
}

function isRow(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('{"')
}
