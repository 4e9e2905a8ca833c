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
export function humanOf(id: number, random: Random, family?: string): Human {
  const given = random.pick(GIVEN)
  const name = family ?? random.pick(FAMILY)
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
