// What all acts of operators share: who acts, why an act is refused, and the audit record that it leaves. The console
// and the API (and so the command line) call the same acts, so they obey the same limits and are audited alike.
import type { Config } from '../../../config.ts'
import type { OPERATED_BY, OperatorAct } from '../../../core/events/system-event.ts'
import type { Env, Tools } from '../../../env.ts'
import { recordSystemEvent } from '../../deliveries/system-events.ts'

/** An operator, and the relay that is operated. */
export type Operator = {
  env: Pick<Env, 'DB' | 'RETRIES' | 'ARCHIVE'>
  config: Config
  /** The e-mail address that Cloudflare Access confirmed, or `ADMIN_TOKEN`. */
  by: string
  /** Where the act was asked for. */
  via: (typeof OPERATED_BY)[number]
  /** The origin of the relay: the URLs of its schemas start with it. */
  origin: string
}

/** Why an act was not carried out. Nothing has changed then, and no audit record is written. */
export type Refusal =
  | { kind: 'unknown_event' }
  | { kind: 'unknown_person'; which: 'this' | 'other' }
  | { kind: 'unknown_replay' }
  | { kind: 'unknown_target'; names: readonly string[] }
  | { kind: 'not_wanted'; names: readonly string[] }
  | { kind: 'target_broken'; name: string; reason: string }
  | { kind: 'not_replayable'; status: string }
  | { kind: 'not_renormalizable' }
  | { kind: 'replay_done' }
  | { kind: 'not_splittable' }
  | { kind: 'same_person' }
  | { kind: 'not_erased' }
  | { kind: 'bad_source'; reason: string }
  | { kind: 'bad_simulation'; reason: string }

/**
 * Writes the event `relay.operator_acted`, after the act. `on`: ids, names and counts, never anything personal.
 * Each act costs one more event. When the record cannot be written, that is logged and the act still succeeds: failing
 * here would invite a retry, which would do the act twice.
 */
export async function audit(
  { env, config, by, via }: Operator,
  act: OperatorAct,
  on: string,
  tools: Tools,
): Promise<void> {
  const fact = { type: 'relay.operator_acted', data: { by, via, act, on } } as const
  await recordSystemEvent(env, config, fact, tools).catch((error) =>
    tools.log({ at: 'audit', act, on, fault: 'an act was not audited', detail: String(error) }),
  )
}
