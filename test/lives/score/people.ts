// Who is who: different humans under one personid, and the same human under two.
import type { Arrival, Message } from '../truth.ts'
import type { Book } from './book.ts'
import type { Score } from './score.ts'

type Contact = {
  name: string
  message: Message
  people: Set<string>
  addresses: Set<string>
  /** A message states a name. */
  hasName: boolean
  /** Another brand of its source has a client with its id: to the relay, the two are one client. */
  hasTwin: boolean
}

export function scorePeople(book: Book, score: Score): void {
  const contacts = contactsOf(book)
  scoreJoined(contacts, score)
  scoreFound(contacts, score)
}

function contactsOf({ ofContact, got }: Book): Contact[] {
  const brandsOf = new Map<string, Set<string>>()
  for (const [{ message }] of ofContact.values() as Iterable<[Arrival]>) {
    const brands = brandsOf.get(idOf(message)) ?? new Set()
    brandsOf.set(idOf(message), brands.add(message.account))
  }
  return [...ofContact].flatMap(([name, arrivals]) => {
    const [first] = arrivals
    if (first === undefined) return []
    const people = new Set<string>()
    const addresses = new Set<string>()
    for (const { answer, message } of arrivals) {
      const person = answer && got.get(`ledger ${answer.id}`)?.event.personid
      if (answer?.status === 'accepted' && person) people.add(person)
      addresses.add(addressOf(message))
    }
    const { message } = first
    const hasTwin = message.vendor === 'hapana' && (brandsOf.get(idOf(message))?.size ?? 0) > 1
    const hasName = arrivals.some(({ message }) => statesName(message))
    return [{ name, message, people, addresses, hasName, hasTwin }]
  })
}

/** The vendor's id of a contact, which is the last word of its name. */
const idOf = ({ vendor, contact }: Message): string =>
  `${vendor} ${contact.slice(contact.lastIndexOf(' ') + 1)}`

/** `name` at Hype, `firstName` or `first Name` at Hapana. */
function statesName({ body }: Message): boolean {
  return Object.entries({ ...body, ...(body.data as object | undefined) }).some(
    ([key, value]) => /^(first ?)?name$/i.test(key) && value !== '',
  )
}

function addressOf({ body }: Message): string {
  const fields = (body.data as { email?: unknown } | undefined)?.email ?? body.email
  return String(fields).trim().toLowerCase()
}

/** Pairs of different humans under one personid. */
function scoreJoined(contacts: readonly Contact[], score: Score): void {
  const byPerson = new Map<string, Contact[]>()
  for (const contact of contacts) {
    for (const person of contact.people)
      byPerson.set(person, [...(byPerson.get(person) ?? []), contact])
  }
  const seen = new Set<string>()
  for (const together of byPerson.values()) {
    for (const [one, other] of pairsOf(together)) {
      const key = `${one.name} ${other.name}`
      if (seen.has(key)) continue
      seen.add(key)
      const where = placeOf(one, other)
      score.add(`pairs joined ${where}`)
      const isNameless = where === 'across' && !(one.hasName && other.hasName)
      if (isNameless) score.add('pairs joined across without a name')
      if (one.message.human === other.message.human) continue
      if (isNameless) score.add('different humans joined across without a name')
      const text = `${one.name} and ${other.name} are different humans with one personid`
      score.find(`joined-${where}`, text, [one.message.n, other.message.n])
    }
  }
}

function pairsOf<T>(list: readonly T[]): [T, T][] {
  return list.flatMap((one, i) => list.slice(i + 1).map((other): [T, T] => [one, other]))
}

/**
 * Within one account of a vendor, at two publishers, at two vendors, or with two brands of one source in it, whose ids are
 * equal and whose brands nothing names.
 */
function placeOf(a: Contact, b: Contact): 'within' | 'publishers' | 'brands' | 'across' {
  const [one, other] = [a.message, b.message]
  if (one.vendor !== other.vendor) return a.hasTwin || b.hasTwin ? 'brands' : 'across'
  if (one.account === other.account) return 'within'
  return one.vendor === 'hype' ? 'publishers' : 'brands'
}

/** The same human at two vendors, with an address that was stated at both and is nobody else's. */
function scoreFound(contacts: readonly Contact[], score: Score): void {
  const humansOf = new Map<string, Set<number>>()
  for (const { addresses, message } of contacts) {
    for (const address of addresses)
      humansOf.set(address, (humansOf.get(address) ?? new Set()).add(message.human))
  }
  const isOwn = (address: string) => address.includes('@') && humansOf.get(address)?.size === 1
  for (const group of Map.groupBy(contacts, ({ message }) => message.human).values()) {
    for (const [one, other] of pairsOf(group)) {
      if (placeOf(one, other) !== 'across') continue
      const shared = [...one.addresses].filter((address) => other.addresses.has(address))
      if (!shared.some(isOwn)) {
        score.add('same humans at two vendors, without an own address in common')
        continue
      }
      score.add('same humans at two vendors, by an own address')
      if (
        one.people.size === 0 ||
        other.people.size === 0 ||
        [...one.people].some((person) => other.people.has(person))
      )
        score.add('same humans found')
      else
        score.find(
          'not-found',
          `${one.name} and ${other.name} are the same human, with ${shared[0]}`,
          [one.message.n, other.message.n],
        )
    }
  }
}
