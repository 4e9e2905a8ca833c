// Acts on erased people: erasing a person, and keeping later messages of one out.

import { isPersonId, type PersonId } from '../../../core/id.ts'
import { err, ok, type Result } from '../../../core/result.ts'
import type { Env, Tools } from '../../../env.ts'
import { listContactsOf } from '../../../store/operate/erasure/begin.ts'
import { getErasure, setSuppressed } from '../../../store/operate/erasure/erasures.ts'
import { countPersonal, type ErasurePlan } from '../../../store/operate/erasure/person-events.ts'
import { erasePerson, newVersion } from '../erasure/erase.ts'
import { audit, type Operator, type Refusal } from './audit.ts'

/** An operator of a relay that may have an archive. */
export type ErasingOperator = Operator & { env: Pick<Env, 'DB' | 'RETRIES' | 'ARCHIVE'> }

/** What erasing a person would erase. Refuses an unknown person. Nothing changes. */
export async function planErasure(
  { env }: Operator,
  id: string,
): Promise<Result<ErasurePlan & { contacts: number }, Refusal>> {
  if (!isPersonId(id)) return err({ kind: 'unknown_person', which: 'this' })
  const contacts = await listContactsOf(env.DB, id)
  if (contacts.length === 0 && (await getErasure(env.DB, id)) === undefined) {
    return err({ kind: 'unknown_person', which: 'this' })
  }
  return ok({ ...(await countPersonal(env.DB, contacts)), contacts: contacts.length })
}

/**
 * Erases a person as far as one call goes; the next call, or the cron, goes on. With `suppress`, later messages of its
 * contacts are kept out. Refuses an unknown person. Audited when it begins.
 */
export async function erase(
  operator: ErasingOperator,
  id: string,
  suppress: boolean,
  tools: Tools,
): Promise<Result<PersonId, Refusal>> {
  const { env, config } = operator
  if (!isPersonId(id)) return err({ kind: 'unknown_person', which: 'this' })
  const result = await erasePerson(env, config, id, suppress, tools)
  if (result === undefined) return err({ kind: 'unknown_person', which: 'this' })
  if (result.isNew) await audit(operator, 'erased a person', id, tools)
  if (suppress && !result.erasure.suppress) return suppressPerson(operator, id, true, tools)
  return ok(id)
}

/** Keeps later messages of an erased person out, or lets them in again. Refuses a person that was not erased. */
export async function suppressPerson(
  operator: Operator,
  id: string,
  suppress: boolean,
  tools: Tools,
): Promise<Result<PersonId, Refusal>> {
  const { DB } = operator.env
  const isDone = isPersonId(id) && (await setSuppressed(DB, id, suppress, newVersion(tools)))
  if (!isDone) return err({ kind: 'not_erased' })
  await audit(operator, 'changed who is kept out', `${id}: ${suppress ? 'out' : 'in'}`, tools)
  return ok(id)
}
