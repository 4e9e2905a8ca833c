// A world: its humans, who of them are where, and all that is sent of their lives.
import { Random } from '../../weather/machine/random.ts'
import type { Human, Message } from '../truth.ts'
import { type Client, hapanaMessages } from '../vendors/hapana.ts'
import { hypeMessages, type Member, type Sent } from '../vendors/hype.ts'
import {
  type HapanaReadings,
  type HypeReadings,
  hapanaReadings,
  hypeReadings,
} from '../vendors/readings.ts'
import { clientLife } from './client.ts'
import { DESK, humanOf, PLACEHOLDERS, typed } from './humans.ts'
import { memberLife } from './member.ts'
import { DAY, publisherOf } from './plans.ts'

/** Friday, 1 January 2027. */
export const START = Date.UTC(2027, 0, 1)
export const DAYS = 400
export const END = START + DAYS * DAY

export type World = {
  seed: number
  humans: Human[]
  messages: Message[]
  hype: HypeReadings
  hapana: HapanaReadings
  /** The addresses that are one human's own, with those that they had before. */
  owners: Map<string, number>
}

/** A contact at a vendor with its human: what the population of a world is made of. */
type Lives = { clients: Client[]; members: Member[] }

/** The world of a seed, with so many lives. */
export function worldOf(seed: number, lives: number): World {
  const random = new Random(seed, 'readings')
  const hype = hypeReadings(random)
  const hapana = hapanaReadings(random)
  if (hapana.keys === 'overview') hapana.hasSite = random.chance(0.5)
  const humans: Human[] = []
  const population = populate(humans, lives, new Random(seed, 'people'), hapana)
  const messages = [
    ...clientMessages(population.clients, seed, hapana),
    ...memberMessages(population.members, seed, hype),
  ]
    .filter(({ at }) => at >= START && at < END)
    .sort((a, b) => a.at - b.at)
    .map((message, n) => ({ ...message, n }))
  const owners = new Map(
    humans.flatMap(
      (human) =>
        [
          [human.own, human.id],
          [`new.${human.own}`, human.id],
        ] as const,
    ),
  )
  return { seed, humans, messages, hype, hapana, owners }
}

/** Lives begin in the first nine months of the world, some of them before it. */
const beginning = (random: Random): number => START + random.between(-120, 270) * DAY

function clientMessages(
  clients: readonly Client[],
  seed: number,
  readings: HapanaReadings,
): Sent[] {
  return clients.flatMap((client, i) => {
    const random = new Random(seed, 'client', i)
    // A family shares a fob now and then.
    const fob = `00${random.chance(0.03) ? 4711 : 5000 + i}`
    const acts = clientLife(random, fob, beginning(random), END)
    return hapanaMessages(client, acts, { readings, random, start: START })
  })
}

function memberMessages(members: readonly Member[], seed: number, readings: HypeReadings): Sent[] {
  const publishers = Array.from({ length: PUBLISHERS }, (_, n) =>
    publisherOf(n, new Random(seed, 'publisher', n), START, DAYS),
  )
  return members.flatMap((member, i) => {
    const random = new Random(seed, 'member', i)
    const publisher = publishers[Number(member.publisher)] ?? publisherOf(0, random, START, DAYS)
    const acts = memberLife(random, publisher, beginning(random), END)
    return hypeMessages({ ...member, publisher: publisher.id }, acts, { readings, random })
  })
}

const PUBLISHERS = 3

function populate(humans: Human[], lives: number, random: Random, readings: HapanaReadings): Lives {
  const all: Lives = { clients: [], members: [] }
  const human = (family?: string): Human => {
    const one = humanOf(humans.length, random, family)
    humans.push(one)
    return one
  }
  const client = (of: Human, email: string, nextEmail?: string) =>
    all.clients.push({
      human: of,
      email: typed(email, random),
      nextEmail,
      ...clientId(all.clients.length, random, readings),
    })
  const member = (of: Human, email: string) =>
    all.members.push(memberOf(of, typed(email, random), all.members.length, random))
  while (all.clients.length + all.members.length < lives) settle({ human, client, member, random })
  return all
}

type Town = {
  human: (family?: string) => Human
  client: (of: Human, email: string, nextEmail?: string) => void
  member: (of: Human, email: string) => void
  random: Random
}

/** One household, or one human alone. */
function settle({ human, client, member, random }: Town): void {
  const one = human()
  const way = random.next()
  const next = `new.${one.own}`
  if (way < 0.3) client(one, one.own, next)
  else if (way < 0.6) member(one, one.own)
  else if (way < 0.74) {
    // The same human at both, with one address; or with another one, of which nothing tells.
    client(one, one.own, next)
    member(one, random.chance(0.85) ? one.own : `other.${one.own}`)
  } else if (way < 0.84) {
    // A couple, or parents with children, on one address at the gym; at times one of them is a member elsewhere with it.
    client(one, one.own)
    const size = 1 + random.below(3)
    for (let i = 0; i < size; i++) client(human(one.family), one.own)
    if (random.chance(0.05)) member(one, one.own)
  } else if (way < 0.842) {
    // One of a couple at each vendor, with the address of both.
    client(one, one.own)
    member(human(one.family), one.own)
  } else if (way < 0.89) client(one, DESK, next)
  else if (way < 0.94) client(one, random.pick(PLACEHOLDERS), next)
  else if (way < 0.95) member(one, random.pick(['', DESK]))
  else {
    // The same human at two publishers.
    member(one, one.own)
    member(one, one.own)
  }
}

/** An id of the vendor's: opaque, a decimal in base64, or a number. In two brands, ids are those of each. */
function clientId(
  i: number,
  random: Random,
  { id, brands }: HapanaReadings,
): { brand: number; id: string | number } {
  const brand = i % brands
  const number = 2001 + Math.floor(i / brands)
  if (id === 'number') return { brand, id: number }
  if (id === 'decimal') return { brand, id: Buffer.from(String(number)).toString('base64') }
  const bytes = Array.from({ length: 16 }, () => random.below(256))
  return { brand, id: Buffer.from(Buffer.from(bytes).toString('base64')).toString('base64') }
}

function memberOf(human: Human, email: string, i: number, random: Random): Member {
  const hex = () =>
    random
      .below(2 ** 32)
      .toString(16)
      .padStart(8, '0')
  const id = `${hex()}-1111-4222-8333-${hex()}${String(i).padStart(4, '0')}`
  const nextEmail = random.chance(0.1) && email !== '' ? `new.${human.own}` : undefined
  return {
    human,
    email,
    id,
    publisher: String(i % PUBLISHERS),
    ...(nextEmail ? { nextEmail } : {}),
  }
}
