// What Hype's payment events mean in the light of the others of the same contact. Hype names neither payment nor
// subscription, tells a refund and a failed charge by one event, and a cancellation and a plan switch by another; what
// tells them apart is the running total, who did it, and what came shortly before or after. Every conclusion says on what
// it rests, and how surely.
import type { MembershipEvent } from '../../core/events/event.ts'
import { type Interpretation, markIfLate } from '../../core/events/history.ts'
import type { EventKind } from '../../core/events/vocabulary.ts'
import { corrections } from './corrections.ts'
import { inferAmong } from './inference.ts'
import { planChanges } from './switches.ts'

/** What the events are about that say what one of this type means. */
export function relatedKinds(vendorType: string): readonly EventKind[] {
  return vendorType.startsWith('payment.') ? ['payment', 'subscription'] : ['contact']
}

/** What an event means among the others of its contact, and what follows from it. Gives the same for the same facts. */
export function interpret(
  event: MembershipEvent,
  past: readonly MembershipEvent[],
): Interpretation {
  // What we concluded is no fact.
  const others = past.filter(({ typebasis }) => typebasis !== 'history')
  const marked = markIfLate(event, others)
  if (!event.vendortype.startsWith('payment.')) return { event: marked, inferred: [] }
  return {
    event: inferAmong(marked, others),
    inferred: [...planChanges(marked, others), ...corrections(marked, others)],
  }
}
