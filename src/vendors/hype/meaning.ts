// What Hype's payment events mean in the light of the others of the same contact. Hype names neither payment nor
// subscription, tells a refund and a failed charge by one event, and a cancellation and a plan switch by another; what
// tells them apart is the running total, who did it, and what came shortly before or after. Every conclusion says on what
// it rests, and how surely.
import type { MembershipEvent } from '../../core/events/event.ts'
import { type Meaning, markLate } from '../../core/events/history.ts'
import type { EventKind } from '../../core/events/vocabulary.ts'
import { correctionsBy } from './corrections.ts'
import { read } from './reading.ts'
import { switchesWith } from './switches.ts'

/** What the events are about that say what one of this type means. */
export function kinOf(vendorType: string): readonly EventKind[] {
  return vendorType.startsWith('payment.') ? ['payment', 'subscription'] : ['contact']
}

/** What an event means among the others of its contact, and what follows from it. Gives the same for the same facts. */
export function meaningAmong(event: MembershipEvent, past: readonly MembershipEvent[]): Meaning {
  // What we concluded is no fact.
  const others = past.filter(({ typebasis }) => typebasis !== 'history')
  const marked = markLate(event, others)
  if (!event.vendortype.startsWith('payment.')) return { event: marked, derived: [] }
  return {
    event: read(marked, others),
    derived: [...switchesWith(marked, others), ...correctionsBy(marked, others)],
  }
}
