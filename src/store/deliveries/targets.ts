// The run-time state of targets. The only SQL over `targets`.
import { HEALTHY, type Health, type TargetState } from '../../core/deliveries/breaker.ts'
import { readWord, storedWord } from '../stored-words.ts'

type Row = {
  name: string
  state: string
  failures: number
  failing_since: number | null
  last_failed_at: number | null
  rest_seconds: number
  probe_at: number | null
  rest_until: number | null
  times_backed_off: number
  well_since: number | null
}

const COLUMNS = `state, failures, failing_since, last_failed_at, rest_seconds, probe_at, rest_until,
  times_backed_off, well_since`
const TARGET_COLUMNS = COLUMNS.replaceAll(/\w+/g, 'targets.$&')

/** Returns the query of every target's health, for a batch; its rows go to `healthsOf`. Healthy targets may have no row. */
export function healthQuery(db: D1Database): D1PreparedStatement {
  return db.prepare(`SELECT name, ${COLUMNS} FROM targets`)
}

/** Returns the healths by target from the rows of `healthQuery`. */
export function healthsOf(rows: unknown[]): Map<string, Health> {
  return new Map((rows as Row[]).map((row) => [row.name, healthOf(row)]))
}

function healthOf(row: Row): Health {
  return {
    state: readWord<TargetState>(row.state),
    failures: row.failures,
    failingSince: row.failing_since ?? undefined,
    lastFailedAt: row.last_failed_at ?? undefined,
    cooldownSeconds: row.rest_seconds,
    probeAt: row.probe_at ?? undefined,
    restUntil: row.rest_until ?? undefined,
    timesBackedOff: row.times_backed_off,
    wellSince: row.well_since ?? undefined,
  }
}

/** The values of `COLUMNS`. */
function valuesOf(health: Health): (string | number | null)[] {
  return [
    storedWord(health.state),
    health.failures,
    health.failingSince ?? null,
    health.lastFailedAt ?? null,
    health.cooldownSeconds,
    health.probeAt ?? null,
    health.restUntil ?? null,
    health.timesBackedOff,
    health.wellSince ?? null,
  ]
}

/** Returns the healths by target; a target without one is healthy. */
export async function listHealth(db: D1Database): Promise<Map<string, Health>> {
  return healthsOf((await healthQuery(db).all()).results)
}

/**
 * Replaces a target's health by `to` if it is still `from`. Returns false if it has changed: of two concurrent changes, only
 * the first one is made.
 */
export async function replaceHealth(
  db: D1Database,
  name: string,
  from: Health,
  to: Health,
): Promise<boolean> {
  const { meta } = await db
    .prepare(
      `INSERT INTO targets (name, ${COLUMNS})
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
       WHERE ?11 = '${HEALTHY.state}' OR EXISTS (SELECT 1 FROM targets WHERE name = ?1)
       ON CONFLICT (name) DO UPDATE SET (${COLUMNS}) = (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
       WHERE (${TARGET_COLUMNS}) IS (?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)`,
    )
    .bind(name, ...valuesOf(to), ...valuesOf(from))
    .run()
  return meta.changes > 0
}

/** How often a change is tried while others are made. Each failed try is a change that somebody else has made. */
const MAX_TRIES = 50

/**
 * Changes a target's health, whatever else changes it meanwhile: `change` gets the present health, and is asked again with
 * the new one when that is another by then. `known`: what it was a moment ago, which saves reading it. Returns the health
 * before and after; they are the same object if `change` returns what it gets, and then nothing is written. Throws if
 * others are faster again and again.
 */
export async function updateHealth(
  db: D1Database,
  name: string,
  change: (health: Health) => Health,
  known?: Health,
): Promise<{ before: Health; after: Health }> {
  let before = known
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    before ??= (await listHealth(db)).get(name) ?? HEALTHY
    const after = change(before)
    if (after === before || (await replaceHealth(db, name, before, after))) return { before, after }
    before = undefined
  }
  throw new Error(`the state of the target ${name} changes too fast`)
}

/**
 * Reserves the next `count` slots of a target, which are `intervalMs` apart, and returns the time of the first (epoch
 * milliseconds). The next caller gets the slots after these.
 */
export async function reserveSendTimes(
  db: D1Database,
  name: string,
  { count, intervalMs, now }: { count: number; intervalMs: number; now: number },
): Promise<number> {
  const reserved = count * intervalMs
  const next = await db
    .prepare(
      `INSERT INTO targets (name, state, failures, rest_seconds, next_slot) VALUES (?1, 'active', 0, 0, ?2 + ?3)
       ON CONFLICT (name) DO UPDATE SET next_slot = max(COALESCE(next_slot, 0), ?2) + ?3
       RETURNING next_slot`,
    )
    .bind(name, now, reserved)
    .first<number>('next_slot')
  return (next ?? now + reserved) - reserved
}
