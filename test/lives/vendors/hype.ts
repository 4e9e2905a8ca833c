// Hype: what the vendor sends of a member's true life. "Article" is help.hype.co/hc/en-us/articles/8786918168595, "Receive
// Contact Event Notifications with Webhooks"; "payments" is …/8786945593619, "Managing User Payments in Hype".
import type { Random } from '../../weather/machine/random.ts'
import type { Human, Message, Truth } from '../truth.ts'
import type { MemberAct } from '../world/member.ts'
import { type Account, accountOf, applied, dataOf } from './hype-account.ts'
import { contactMessages } from './hype-contacts.ts'
import { endMessages } from './hype-ends.ts'
import { paymentMessages } from './hype-payments.ts'
import type { HypeReadings } from './readings.ts'

export type Member = {
  human: Human
  publisher: string
  id: string
  /** "name": one full name, which may be empty. */
  name: string
  /** The address that the member uses here. */
  email: string
  /** Used from the next change of the profile on. */
  nextEmail?: string
}

export type Sent = Omit<Message, 'n'>

/** A webhook before it has its envelope. */
export type Said = { type: string; source: string; truth: Truth; data?: unknown; at?: number }

export type HypeData = ReturnType<typeof dataOf>

/** What an act has done: the account behind it, and its data before and after. */
export type Change = {
  account: Account
  readings: HypeReadings
  random: Random
  before: HypeData
  data: HypeData
  moved: ReturnType<typeof applied>
}

/** The messages of a life, in the order of what happened. */
export function hypeMessages(
  member: Member,
  acts: readonly MemberAct[],
  { readings, random }: { readings: HypeReadings; random: Random },
): Sent[] {
  const account = accountOf(member, readings)
  return acts.flatMap((act) => {
    const before = dataOf(account)
    const moved = applied(account, act)
    const change = { account, readings, random, before, data: dataOf(account), moved }
    const said = [
      ...contactMessages(act, change),
      ...paymentMessages(act, change),
      ...endMessages(act, change),
    ]
    return said.map((message) => sent(message, { member, email: account.email, readings, act }))
  })
}

type Context = { member: Member; email: string; readings: HypeReadings; act: MemberAct }

/** Article, "Payment Payload Example": the envelope. `timestamp` is put on when it is sent. */
function sent(message: Said, { member, email, readings, act }: Context): Sent {
  const { human, name, publisher, id } = member
  const { type, truth, data } = message
  // "To identify the person generating the event": user, Dashboard and System; lower case in the example.
  const source = readings.source === 'lower' ? message.source.toLowerCase() : message.source
  const body = {
    ...{ id, publisher_id: publisher, email, name, type },
    ...(readings.source === 'absent' ? {} : { source }),
    ...(data === undefined ? {} : { data }),
    version: '1.1.0',
  }
  return {
    ...{
      vendor: 'hype',
      type,
      contact: `hype ${publisher} ${id}`,
      account: publisher,
      body,
      truth,
    },
    ...{ human: human.id, at: message.at ?? act.at, isState: true },
  }
}
