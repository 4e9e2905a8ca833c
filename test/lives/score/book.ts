// The book of a world: which arrival became which event, and what each target got of it.
import type { Arrival, Delivered, Message, Story } from '../truth.ts'

export type Book = {
  story: Story
  /** In the order of arrival. */
  arrivals: readonly Arrival[]
  ofMessage: Map<Message, Arrival[]>
  ofContact: Map<string, Arrival[]>
  /** The arrival that became an event. */
  byEvent: Map<string, Arrival>
  /** What a target got of an event, by the names of both. */
  got: Map<string, Delivered>
}

export function bookOf(story: Story): Book {
  const arrivals = [...story.arrivals].sort((a, b) => a.at - b.at)
  const byEvent = new Map<string, Arrival>()
  for (const arrival of arrivals) {
    if (arrival.answer && arrival.answer.status !== 'duplicate')
      byEvent.set(arrival.answer.id, arrival)
  }
  const got = new Map<string, Delivered>()
  for (const one of story.delivered) {
    const key = `${one.target} ${one.event.id}`
    if (!got.has(key)) got.set(key, one)
  }
  return {
    ...{ story, arrivals, byEvent, got },
    ofMessage: Map.groupBy(arrivals, ({ message }) => message),
    ofContact: Map.groupBy(arrivals, ({ message }) => message.contact),
  }
}

/** What became of an arrival, as far as a target can see. */
export function fateOf({ answer }: Arrival, target: string, { got }: Book) {
  if (answer === undefined) return 'unanswered'
  if (answer.status === 'duplicate') return 'recognised'
  const event = got.get(`${target} ${answer.id}`)?.event
  if (event === undefined) return answer.status === 'quarantined' ? 'quarantined' : 'missing'
  return event.possibleduplicate ? 'marked' : 'told'
}
