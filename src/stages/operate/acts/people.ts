// Acts on people: splitting a contact off a person, and merging two persons.

import { isPersonId, type PersonId } from '../../../core/id.ts'
import { err, ok, type Result } from '../../../core/result.ts'
import { pluralize } from '../../../core/text.ts'
import type { Tools } from '../../../env.ts'
import { getPerson, type Person } from '../../../store/events/people.ts'
import { mergeInto, type NamedContact, splitPerson, splitWrongJoins } from '../people.ts'
import { audit, type Operator, type Refusal } from './audit.ts'

/**
 * Splits a contact off a person. Returns both ids. Refuses an unknown or merged person, and a contact that is not one of
 * theirs or their only one.
 */
export async function splitContactOff(
  operator: Operator,
  id: string,
  contact: NamedContact,
  tools: Tools,
): Promise<Result<{ person: PersonId; newPerson: PersonId }, Refusal>> {
  const { env, config } = operator
  const person = await personOf(env.DB, id)
  if (person === undefined) return err({ kind: 'unknown_person', which: 'this' })
  const newPerson = await splitPerson(env, config, person.id, contact, tools)
  if (newPerson === undefined) return err({ kind: 'not_splittable' })
  await audit(operator, 'split a person', `${person.id}: ${newPerson}`, tools)
  return ok({ person: person.id, newPerson })
}

/** Merges another person into one. Returns both ids. Refuses unknown or merged persons, and twice the same. */
export async function mergePerson(
  operator: Operator,
  id: string,
  otherId: string,
  tools: Tools,
): Promise<Result<{ person: PersonId; merged: PersonId }, Refusal>> {
  const { env, config } = operator
  const person = await personOf(env.DB, id)
  if (person === undefined) return err({ kind: 'unknown_person', which: 'this' })
  const other = await personOf(env.DB, otherId)
  if (other === undefined) return err({ kind: 'unknown_person', which: 'other' })
  if (person.id === other.id) return err({ kind: 'same_person' })
  await mergeInto(env, config, person.id, other.id, tools)
  await audit(operator, 'merged people', `${person.id}: ${other.id}`, tools)
  return ok({ person: person.id, merged: other.id })
}

/** Splits people who were joined by earlier rules. Audited when any was. */
export async function splitPeople(
  operator: Operator,
  after: PersonId | undefined,
  tools: Tools,
): Promise<Awaited<ReturnType<typeof splitWrongJoins>>> {
  const { env, config } = operator
  const result = await splitWrongJoins(env, config, after, tools)
  const count = result.people.length
  if (count > 0) await audit(operator, 'split people', pluralize(count, 'person', 'people'), tools)
  return result
}

/** A person; undefined for an unknown one, and for one that was merged into another. */
async function personOf(db: D1Database, id: string): Promise<Person | undefined> {
  const person = isPersonId(id) ? await getPerson(db, id) : undefined
  return person === undefined || 'mergedInto' in person ? undefined : person
}
