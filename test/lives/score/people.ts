// Who is who: different humans under one personid, and the same human under two.
import type { Message } from '../truth.ts'
import type { Book } from './book.ts'
import type { Score } from './score.ts'

type Contact = { name: string; message: Message; people: Set<string>; addresses: Set<string> }

export function scorePeople(book: Book, score: Score): void {
  const contacts = contactsOf(book)
  scoreJoined(contacts, score)
  scoreFound(contacts, score)
}

function contactsOf({ ofContact, got }: Book): Contact[] {
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
    return [{ name, message: first.message, people, addresses }]
  })
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
      const where = placeOf(one.message, other.message)
      score.add(`pairs joined ${where}`)
      if (one.message.human === other.message.human) continue
      const text = `${one.name} and ${other.name} are different humans with one personid`
      score.find(`joined-${where}`, text, [one.message.n, other.message.n])
    }
  }
}

function pairsOf<T>(list: readonly T[]): [T, T][] {
  return list.flatMap((one, i) => list.slice(i + 1).map((other): [T, T] => [one, other]))
}

/** Within one account of a vendor, in two accounts of one vendor, or at two vendors. */
function placeOf(one: Message, other: Message): 'within' | 'accounts' | 'across' {
  if (one.vendor !== other.vendor) return 'across'
  return one.account === other.account ? 'within' : 'accounts'
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
      if (placeOf(one.message, other.message) !== 'across') continue
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
