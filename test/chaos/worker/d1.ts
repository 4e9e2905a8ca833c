// D1 as it is when it is not well: its calls fail, take their time, or are carried out and never answered.
import { currentPlan, stalled, strikes, tell } from './state.ts'

/** Ids and names are shorter, bodies longer. */
const LONGEST_NAME = 70

/** A statement with what was bound to it, so that a fault can say what it was about. */
type Statement = D1PreparedStatement & { inner: D1PreparedStatement; values: unknown[] }

/** Wraps what of D1 the relay uses; anything else is missing, and says so by breaking. */
export function faultyD1(db: D1Database): D1Database {
  const wrapped = {
    prepare: (sql: string) => statement(db.prepare(sql), []),
    batch: (statements: Statement[]) =>
      struck(statements, () => db.batch(statements.map(({ inner }) => inner))),
  }
  return wrapped as unknown as D1Database
}

function statement(inner: D1PreparedStatement, values: unknown[]): Statement {
  const self = {
    inner,
    values,
    bind: (...bound: unknown[]) => statement(inner.bind(...bound), bound),
    all: () => struck([self], () => inner.all()),
    run: () => struck([self], () => inner.run()),
    first: (column: string) => struck([self], () => inner.first(column)),
  } as unknown as Statement
  return self
}

/** Carries out a call as the plan wants it. */
async function struck<T>(statements: Statement[], work: () => Promise<T>): Promise<T> {
  const { d1 } = currentPlan()
  if (d1 === 'ok' || !strikes()) return work()
  if (d1 === 'fail') {
    tell('D1 fails', { lost: statements.flatMap(namesIn) })
    throw new Error('D1_ERROR: Network connection lost.')
  }
  if (d1 === 'stall') {
    tell('D1 stalls')
    return stalled(work)
  }
  await work()
  tell('D1 fails after')
  throw new Error('D1_ERROR: Network connection lost.')
}

/** The short texts of each row that a statement is about: those that were bound, and those of each row bound as JSON. */
function namesIn({ values }: Statement): string[][] {
  const rows = values.filter(isRow).map((row) => Object.values(JSON.parse(row) as object))
  return [values, ...rows].map((texts) =>
    texts.filter((text): text is string => typeof text === 'string' && text.length <= LONGEST_NAME),
  )
}

function isRow(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('{"')
}
