// Targets that ask are told who was erased, by the least that lets a receiver find its own record. What tells them is erased
// itself as soon as they have it.
import type { Config } from '../../../config.ts'
import { contactIdOf, EMAIL_PREFIX, TEST_PREFIX } from '../../../core/events/contact-key.ts'
import type { NewSystemEvent } from '../../../core/events/system-event.ts'
import { hexOf } from '../../../core/intake/signature.ts'
import type { Env, Tools } from '../../../env.ts'
import { eraseEvents } from '../../../store/operate/erasure/erase-events.ts'
import type { ErasedContactRow, RunningErasure } from '../../../store/operate/erasure/erasures.ts'
import { findTelling } from '../../../store/operate/erasure/telling.ts'
import { audienceOf, recordSystemEvent } from '../../deliveries/system-events.ts'
import { REPEAT_HEADERS } from './events.ts'
import type { StepResult } from './step.ts'

/** How long targets have to take it. */
const MAX_TELLING_MS = 30 * 24 * 3_600_000

type Told = Extract<NewSystemEvent, { type: 'contact.erased' }>

/** Records `contact.erased` where a target asks for it. The identity makes a second one a repeat of the first. */
export async function tellErased(
  env: Pick<Env, 'DB' | 'RETRIES'>,
  config: Config,
  { person, cut, contacts }: RunningErasure,
  tools: Tools,
): Promise<StepResult> {
  const data: Told['data'] = { person, contacts: await Promise.all(contacts.map(shownContact)) }
  const fact: Told = { type: 'contact.erased', data }
  if (audienceOf(fact, config).length > 0) {
    await recordSystemEvent(env, config, fact, tools, `${person} ${cut}`)
  }
  return 'over'
}

async function shownContact({ source, vendor, contact, account }: ErasedContactRow) {
  const own = contact.startsWith(TEST_PREFIX) ? contact.slice(TEST_PREFIX.length) : contact
  const vendor_id = contactIdOf(own) ?? null
  return {
    source,
    vendor,
    vendor_id,
    ...(account === null ? {} : { account }),
    ...(vendor_id === null ? { email_sha256: await sha256(own.slice(EMAIL_PREFIX.length)) } : {}),
  }
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return hexOf(new Uint8Array(digest))
}

/** Erases what told the targets once each has it, or has had thirty days for it. */
export async function wasTold(
  db: D1Database,
  { person, askedAt }: RunningErasure,
  { now }: Pick<Tools, 'now'>,
): Promise<StepResult> {
  const { all, settled } = await findTelling(db, person)
  const erased = now() - askedAt > MAX_TELLING_MS ? all : settled
  if (erased.length > 0) await db.batch(eraseEvents(db, erased, REPEAT_HEADERS))
  return erased.length === all.length ? 'over' : 'waits'
}
