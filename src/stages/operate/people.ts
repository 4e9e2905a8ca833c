// Corrections of persons by an operator: a contact split off, or two persons merged.
import type { Config } from '../../config.ts'
import { EMAIL_PREFIX, foldEmail } from '../../core/events/contact-key.ts'
import { ID_RANDOM_RANGE, newPersonId, type PersonId, personIdOfKey } from '../../core/id.ts'
import type { Env, Tools } from '../../env.ts'
import { mergePeople, splitContact } from '../../store/events/people.ts'
import {
  findWronglyJoined,
  splitWronglyJoined,
  type WronglyJoined,
} from '../../store/events/wrongly-joined.ts'
import { recordSystemEvent, recordSystemEvents } from '../deliveries/system-events.ts'

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
  const key = contact ?? `${EMAIL_PREFIX}${foldEmail(email ?? '')}`
  const newPerson = newPersonId(tools.now(), randomPart(tools))
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

/** How many contacts one call moves: each is an event, and a call has 50 statements on the free plan. */
const MAX_MOVED = 20

/**
 * Splits the people after `after` who were joined by earlier rules, as far as one call goes. Returns who was split, the
 * first part of each being the one that keeps the id, and after whom to go on.
 */
export async function splitWrongJoins(
  env: PeopleEnv,
  config: Config,
  after: PersonId | undefined,
  tools: Tools,
): Promise<{ people: WronglyJoined[]; next: PersonId | undefined }> {
  const found = await findWronglyJoined(env.DB, after, config.sharedAddresses)
  const first = randomPart(tools)
  const all = found.people.flatMap(({ id, parts }) => parts.slice(1).map((part) => ({ id, part })))
  const movedWith = (n: number) => all.slice(0, n + 1).flatMap(({ part }) => part).length
  const some = all.filter((_, n) => n === 0 || movedWith(n) <= MAX_MOVED)
  const leaving = some.map(({ id: from, part }, n) => ({
    from,
    part,
    to: newPersonId(tools.now(), first + n),
  }))
  if (leaving.length === 0) return found
  await splitWronglyJoined(env.DB, leaving)
  const facts = leaving.flatMap(({ from, to, part }) =>
    part.map(({ source, contact }) => ({
      type: 'relay.person_split' as const,
      data: { person: from, source, contact, new_person: to },
    })),
  )
  await recordSystemEvents(env, config, facts, tools)
  const people = found.people.flatMap(({ id, parts: [stays = [], ...others] }) => {
    const gone = others.filter((part) => leaving.some((one) => one.part === part))
    return gone.length === 0 ? [] : [{ id, parts: [stays, ...gone] }]
  })
  // The rest is found again, from the same place on.
  return { people, next: all.length > leaving.length ? (after ?? FIRST_PERSON) : found.next }
}

const randomPart = ({ random }: Tools) => Math.floor(random() * ID_RANDOM_RANGE)

/** Before the first one. */
const FIRST_PERSON = personIdOfKey('0')
