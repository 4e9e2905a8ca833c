// The declarations for receivers are the types of the relay's own code, ids aside, and the file is what the schemas make.
import { expect, it } from 'vitest'
import type { RelayEvent } from '../../src/core/events/event.ts'
import type { Event } from '../../src/events.d.cts'
import { declarations } from './declarations.ts'

/** A type as its JSON has it: the text of ids is a string. */
type Json<T> = T extends `${'evt' | 'per'}_${string}`
  ? string
  : T extends object
    ? { [K in keyof T]: Json<T[K]> }
    : T

const toReceivers = (event: Json<RelayEvent>): Event => event
const fromReceivers = (event: Event): Json<RelayEvent> => event

it('compiles in both directions', () => {
  expect([toReceivers.length, fromReceivers.length]).toEqual([1, 1])
})

it('src/events.d.cts is what `node test/event-types/make.ts` makes', () => {
  const files = import.meta.glob<string>('/src/events.d.cts', {
    query: '?raw',
    import: 'default',
    eager: true,
  })

  expect(Object.values(files)).toEqual([declarations()])
})
