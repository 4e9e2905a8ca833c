// Hapana: what the vendor sends of a client's true life. "Guide" is hapana.happyfox.com/kb/article/526, the numbers are those of
// the articles of the events, 527 to 532, and of 591; "developers" is docs.hapana-developers.com.
import type { Random } from '../../weather/machine/random.ts'
import type { Human, Truth } from '../truth.ts'
import type { ClientAct, Pack } from '../world/client.ts'
import { checkIn, message, profile, purchase, statusChange } from './hapana-events.ts'
import { spelled } from './hapana-forms.ts'
import type { Sent } from './hype.ts'
import type { HapanaReadings } from './readings.ts'

export type Client = {
  human: Human
  brand: number
  id: string | number
  email: string
  nextEmail?: string | undefined
}

export type Context = {
  client: Client
  readings: HapanaReadings
  random: Random
  /** What changes in a life. */
  state: { email: string; phone: string; joinedAt: number; packs: Pack[] }
}

/** A webhook before it is spelled. */
export type Said = {
  type: string
  truth: Truth
  fields: Record<string, unknown>
  isState?: boolean
  identity?: string
  isClockWrong?: boolean
}

/** The messages of a life, in the order of what happened. */
export function hapanaMessages(
  client: Client,
  acts: readonly ClientAct[],
  { readings, random }: { readings: HapanaReadings; random: Random },
): Sent[] {
  const state = { email: client.email, phone: client.human.phone, joinedAt: 0, packs: [] }
  const context: Context = { client, readings, random, state }
  return acts.flatMap((act) => {
    const said = saidOf(context, act)
    return said ? [sent(context, act, said)] : []
  })
}

/** Developers: "sends a JSON payload"; the articles' keys, or the overview's. Who and where is in all of them (527 to 532). */
function sent({ client, readings, state }: Context, act: ClientAct, said: Said): Sent {
  const { type, truth, identity, isState = false, isClockWrong } = said
  const { id, brand, human } = client
  const isMessage = type === 'outboundMessage'
  const who = {
    clientID: id,
    // The guide's overview has a site for messages only; the articles have one in all.
    ...(readings.hasSite || isMessage ? { siteID: siteOf(brand, act.site) } : {}),
    // 528 has no name.
    ...(isMessage ? {} : { firstName: human.given, lastName: human.family }),
    email: state.email,
  }
  const account = `brand ${brand}`
  const fields = spelled({ ...who, ...said.fields }, type, readings.keys)
  const withType = readings.typeIn === 'body' ? { eventType: type, ...fields } : fields
  return {
    ...{ vendor: 'hapana', type, account, contact: `hapana ${account} ${id}`, truth, isState },
    ...{ human: human.id, at: act.at },
    body: readings.envelope === 'data' ? { data: withType } : withType,
    ...(identity === undefined ? {} : { identity }),
    ...(isClockWrong ? { isClockWrong } : {}),
    ...(act.moment === undefined ? {} : { moment: act.moment }),
  }
}

/** siteID: "where it happened, or the associated site": opaque. */
const siteOf = (brand: number, site: number): string =>
  Buffer.from(Buffer.from(`site-${brand}-${site}-00000`).toString('base64')).toString('base64')

/** What is sent of an act. */
function saidOf(context: Context, act: ClientAct): Said | undefined {
  switch (act.what) {
    case 'open':
    case 'link':
      return accountCreated(context, act)
    case 'update':
      return clientUpdated(context, act.changes)
    case 'status':
      return statusChange(context, act.status)
    case 'buy':
      return purchase(context, act)
    case 'mail':
      return message(context, act)
    case 'visit':
      return checkIn(context, act)
  }
}

const YEARS_BEFORE_MS = 900 * 86_400_000

/** 527: "when a new account is created or linked to a new location within your corporate structure". */
function accountCreated(context: Context, act: ClientAct): Said {
  const { readings, state } = context
  const type = 'accountCreated'
  const upserted = readings.typeIn === 'shape' ? ['contact.upserted'] : []
  if (act.what === 'open') {
    const isOld = act.isImported && readings.importedJoin === 'old'
    state.joinedAt = isOld ? act.at - YEARS_BEFORE_MS : act.at
    const truth = { what: 'new_client', types: ['contact.created'], open: upserted }
    return { type, truth, fields: profile(context) }
  }
  // Without a site nothing tells which of the two it is.
  const open = readings.hasSite ? upserted : [...upserted, 'contact.updated']
  const truth = { what: 'linked_site', types: ['contact.site_linked'], open }
  return { type, truth, fields: profile(context) }
}

/** 529: "whenever there's a change in a client's primary information"; "key data that has been changed", or all of it. */
function clientUpdated(context: Context, changes: 'phone' | 'email'): Said {
  const { client, readings, state, random } = context
  if (changes === 'email' && client.nextEmail) state.email = client.nextEmail
  else state.phone = `+1202555${String(random.below(10_000)).padStart(4, '0')}`
  const open = readings.typeIn === 'shape' ? ['contact.upserted'] : []
  const truth = { what: 'profile', types: ['contact.updated'], open }
  const fields = readings.update === 'whole' ? profile(context) : { phone: state.phone }
  return { type: 'clientUpdated', truth, fields, isState: true }
}
