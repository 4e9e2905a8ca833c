// Acts on quarantined messages: releasing those that are understood now, and dismissing others with a reason.

import type { EventId } from '../../../core/id.ts'
import { pluralize } from '../../../core/text.ts'
import type { Tools } from '../../../env.ts'
import type { QuarantineFilter } from '../../../store/operate/quarantine.ts'
import { dismiss, type ReleaseResult, release } from '../quarantine.ts'
import { audit, type Operator } from './audit.ts'

/** Messages that one call releases: each takes a few round trips to D1. */
const MAX_RELEASED = 50

/** Messages that one call dismisses: one statement, whose result lists their ids. */
const MAX_DISMISSED = 1000

/** Releases the messages of a filter that are understood now, a page of them. Audited when any is released. */
export async function releaseMessages(
  operator: Operator,
  filter: QuarantineFilter,
  { after, isDryRun }: { after: EventId | undefined; isDryRun: boolean },
  tools: Tools,
): Promise<ReleaseResult> {
  const { env, config, origin } = operator
  const page = { after, limit: MAX_RELEASED, isDryRun, origin }
  const result = await release(env, config, filter, page, tools)
  if (result.released.length > 0 && !isDryRun) {
    const on = pluralize(result.released.length, 'message')
    await audit(operator, 'released from quarantine', on, tools)
  }
  return result
}

/** Dismisses the messages of a filter, a page of them; `areMore`: whether to call again. Audited when any is dismissed. */
export async function dismissMessages(
  operator: Operator,
  filter: QuarantineFilter,
  reason: string,
  tools: Tools,
): Promise<{ events: EventId[]; areMore: boolean }> {
  const { env, config } = operator
  const events = await dismiss(env, config, filter, { reason, limit: MAX_DISMISSED }, tools)
  if (events.length > 0) {
    await audit(operator, 'dismissed from quarantine', pluralize(events.length, 'message'), tools)
  }
  return { events, areMore: events.length === MAX_DISMISSED }
}
