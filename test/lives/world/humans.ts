// The humans of a world, and the addresses that they give: their own, one of the family, one of the desk.
import type { Random } from '../../weather/machine/random.ts'
import type { Human } from '../truth.ts'

const GIVEN = [
  'Ana',
  'Ben',
  'Chloe',
  'Dan',
  'Eva',
  'Finn',
  'Grace',
  'Hugo',
  'Iris',
  'Jack',
  'Maria',
]
const FAMILY = ['Silva', 'Nguyen', 'Smith', 'Okafor', 'Rossi', 'Kaur', 'Brown', 'Novak', 'Lee']

/** What a desk types where a client gives no address: text that is no address, or one that is nobody's. */
export const PLACEHOLDERS = ['none', 'no email', 'n/a', '-', '0', 'null', 'noemail@noemail.com']
export const DESK = 'info@harbour-gym.example'

/** A human with a name that others have too, and an address that nobody else has. */
export function humanOf(id: number, random: Random, parent?: Human): Human {
  const given = random.pick(GIVEN.filter((one) => one !== parent?.given))
  const name = parent?.family ?? random.pick(FAMILY)
  return {
    id,
    given,
    family: name,
    own: `${given}.${name}${id}@mail.example`.toLowerCase(),
    phone: `+1202555${String(id % 10_000).padStart(4, '0')}`,
  }
}

/** An address as somebody types it another time. */
export function typed(address: string, random: Random): string {
  if (random.chance(0.9)) return address
  return random.chance(0.5) ? address.toUpperCase() : ` ${address}`
}

/** The name that somebody states at another vendor: the same, more of it, less of it, or none. */
export function nameOf({ given, family }: Human, random: Random): string {
  const way = random.next()
  if (way < 0.05) return ''
  if (way < 0.07) return given
  if (way < 0.09) return `${given} Maria ${family}`
  return way < 0.11 ? `${given} ${family}`.toUpperCase() : `${given} ${family}`
}
