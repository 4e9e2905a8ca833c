// Corrections of persons by an operator: a contact split off, or two persons merged.
import type { Config } from '../../config.ts'
import { EMAIL_PREFIX } from '../../core/events/contact-key.ts'
import { keyOfId, type PersonId, personIdOfKey } from '../../core/id.ts'
import type { Env, Tools } from '../../env.ts'
import { mergePeople, splitContact } from '../../store/events/people.ts'
import { newSystemEventId, recordSystemEvent } from '../deliveries/system-events.ts'

type PeopleEnv = Pick<Env, 'DB' | 'RETRIES'>

/** A contact of a source: by the vendor's id, or by the address of one that has none. One of the two is there. */
export type NamedContact = {
  source: string
  contact?: string | undefined
  email?: string | undefined
  /** Of two with one id, the one of this account. */
  account?: string | undefined
}

/** Makes a contact a person of its own, and returns the new id; undefined when the person has no such contact, or no other. */
export async function splitPerson(
  env: PeopleEnv,
  config: Config,
  person: PersonId,
  { source, contact, email, account }: NamedContact,
  tools: Tools,
): Promise<PersonId | undefined> {
  const key = contact ?? `${EMAIL_PREFIX}${(email ?? '').trim().toLowerCase()}`
  const newPerson = personIdOfKey(keyOfId(newSystemEventId(tools)))
  if (!(await splitContact(env.DB, person, { source, contact: key, account }, newPerson)))
    return undefined
  const data = { person, source, contact: contact ?? null, new_person: newPerson }
  await recordSystemEvent(env, config, { type: 'relay.person_split', data }, tools)
  return newPerson
}

/** Merges another person into this one. Both must exist and differ. */
export async function mergeInto(
  env: PeopleEnv,
  config: Config,
  person: PersonId,
  other: PersonId,
  tools: Tools,
): Promise<void> {
  const contacts = await mergePeople(env.DB, person, other)
  const data = { person, merged_person: other, contacts }
  await recordSystemEvent(env, config, { type: 'relay.people_merged', data }, tools)
}
