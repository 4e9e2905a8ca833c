// Persons put right by an operator: a contact split off, or two persons made one. The log is told.
import type { Config } from '../../config.ts'
import { keyOfId, type PersonId, personIdOfKey } from '../../core/id.ts'
import type { Env } from '../../env.ts'
import { EMAIL_PREFIX } from '../../store/events/contacts.ts'
import { mergePeople, splitContact } from '../../store/events/people.ts'
import { freshId, type HealthTools, tellOf } from '../deliveries/health.ts'

type PeopleEnv = Pick<Env, 'DB' | 'RETRIES'>

/** A contact of a source: by the vendor's id, or by the address of one that has none. One of the two is there. */
export type NamedContact = {
  source: string
  contact?: string | undefined
  email?: string | undefined
}

/** Makes a contact a person of its own, and gives the new id; undefined when the person has no such contact, or no other. */
export async function splitPerson(
  env: PeopleEnv,
  config: Config,
  person: PersonId,
  { source, contact, email }: NamedContact,
  tools: HealthTools,
): Promise<PersonId | undefined> {
  const key = contact ?? `${EMAIL_PREFIX}${(email ?? '').trim().toLowerCase()}`
  const anew = personIdOfKey(keyOfId(freshId(tools)))
  if (!(await splitContact(env.DB, person, { source, contact: key }, anew))) return undefined
  const data = { person, source, contact: contact ?? null, new_person: anew }
  await tellOf(env, config, { type: 'relay.person_split', data }, tools)
  return anew
}

/** Makes the contacts of another person this one's; both must be there, and be two. */
export async function mergeInto(
  env: PeopleEnv,
  config: Config,
  person: PersonId,
  other: PersonId,
  tools: HealthTools,
): Promise<void> {
  const contacts = await mergePeople(env.DB, person, other)
  const data = { person, merged_person: other, contacts }
  await tellOf(env, config, { type: 'relay.people_merged', data }, tools)
}
