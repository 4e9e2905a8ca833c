// Hype's webhooks about contacts. Quotations are of the article.
import type { Truth } from '../truth.ts'
import type { MemberAct } from '../world/member.ts'
import type { Change, HypeData, Said } from './hype.ts'
import type { HypeReadings } from './readings.ts'

const SIGN_UP: Truth = { what: 'sign_up', types: ['contact.created'] }

/** What is sent of an act as a contact's. */
export function contactMessages(act: MemberAct, change: Change): Said[] {
  const { account, readings, data } = change
  const updated = (what: string, source: string): Said => ({
    ...{ type: 'contact.updated', source, truth: { what, types: ['contact.updated'] } },
    data: contactData(readings, data, act.at),
  })
  switch (act.what) {
    // "New Contact Created (contact.created) - A free user has signed up."
    case 'sign-up':
      return [signedUp(change, act.at)]
    // "Contact Updated (contact.updated) - A user made a change to their account".
    case 'change-profile':
      return [updated('profile', 'user')]
    // "System indicates an automatic event within Hype, including removing premium newsletters".
    case 'lose-newsletters':
      return [updated('newsletters', 'System')]
    // A buyer who never signed up: the purchase comes alone, or with the contact.
    case 'subscribe':
    case 'start-trial':
    case 'give': {
      if (account.isAnnounced) return []
      account.isAnnounced = true
      return readings.buyerSignsUp ? [signedUp(change, act.at)] : []
    }
    // "Users … can only choose not to renew": an event of its own is not stated.
    case 'decline':
      return readings.decline === 'contact.updated' ? [updated('declined', 'user')] : []
    // "Dashboard indicates that a community administrator made a change …, including granting free access".
    case 'grant':
      return readings.grant === 'contact.updated' ? [updated('grant', 'Dashboard')] : []
    case 'revoke':
      return readings.revoke === 'contact.updated' ? [updated('revoke', 'Dashboard')] : []
    default:
      return []
  }
}

const signedUp = ({ readings, data }: Change, at: number): Said => ({
  ...{ type: 'contact.created', source: 'user', truth: SIGN_UP },
  data: contactData(readings, data, at),
})

/** "Each of these two main events have a distinct payload", of which no example is given but a copy of the payment's. */
function contactData({ contactData }: HypeReadings, data: HypeData, at: number): unknown {
  if (contactData === 'payment') return data
  if (contactData === 'absent') return undefined
  return { newsletters: at % 2000 < 1000 ? ['Weekly'] : [], city: 'Oslo' }
}
