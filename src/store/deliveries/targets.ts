// The run-time state of targets. The only SQL over `targets`.
import { HEALTHY, type Health, type TargetState } from '../../core/deliveries/breaker.ts'
import { readWord, storedWord } from '../stored-words.ts'

type Row = {
  name: string
  state: string
  failures: number
  failing_since: number | null
  rest_seconds: number
  probe_at: number | null
}

/** Returns the query of every target's health, for a batch; its rows go to `healthsOf`. Healthy targets may have no row. */
export function healthQuery(db: D1Database): D1PreparedStatement {
  return db.prepare(
    'SELECT name, state, failures, failing_since, rest_seconds, probe_at FROM targets',
  )
}

/** Returns the healths by target from the rows of `healthQuery`. */
export function healthsOf(rows: unknown[]): Map<string, Health> {
  return new Map(
    (rows as Row[]).map(({ name, state, failures, failing_since, rest_seconds, probe_at }) => [
      name,
      {
        state: readWord<TargetState>(state),
        failures,
        failingSince: failing_since ?? undefined,
        cooldownSeconds: rest_seconds,
        probeAt: probe_at ?? undefined,
      },
    ]),
  )
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
      `INSERT INTO targets (name, state, failures, failing_since, rest_seconds, probe_at)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?7 = '${HEALTHY.state}' OR EXISTS (SELECT 1 FROM targets WHERE name = ?1)
       ON CONFLICT (name) DO UPDATE SET state = ?2, failures = ?3, failing_since = ?4, rest_seconds = ?5, probe_at = ?6
       WHERE targets.state = ?7 AND targets.probe_at IS ?8 AND targets.failures = ?9`,
    )
    .bind(
      name,
      storedWord(to.state),
      to.failures,
      to.failingSince ?? null,
      to.cooldownSeconds,
      to.probeAt ?? null,
      storedWord(from.state),
      from.probeAt ?? null,
      from.failures,
    )
    .run()
  return meta.changes > 0
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
