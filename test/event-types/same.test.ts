// The declarations for receivers are the types of the relay's own code, ids aside, and the file is what the schemas make.
import type * as v from 'valibot'
import { expect, it } from 'vitest'
import type { RelayEvent } from '../../src/core/events/event.ts'
import type { FORMER_EVENT_DATA, SYSTEM_ENVELOPE } from '../../src/core/events/system-event.ts'
import type { Event } from '../../src/events.d.cts'
import { EVENTS } from '../../src/http/openapi/events.ts'
import { declarations } from './declarations.ts'

/** A type as its JSON has it: the text of ids is a string. */
type Json<T> = T extends `${'evt' | 'per'}_${string}`
  ? string
  : T extends object
    ? { [K in keyof T]: Json<T[K]> }
    : T

/** An event as an earlier version recorded it. */
type FormerEvent = {
  [T in keyof typeof FORMER_EVENT_DATA]: {
    type: T
    data: v.InferOutput<(typeof FORMER_EVENT_DATA)[T]>
  }
}[keyof typeof FORMER_EVENT_DATA] &
  v.InferOutput<v.ObjectSchema<typeof SYSTEM_ENVELOPE, undefined>>

type AnyEvent = Json<RelayEvent | FormerEvent>
const toReceivers = (event: AnyEvent): Event => event
const fromReceivers = (event: Event): AnyEvent => event

it('compiles in both directions', () => {
  expect([toReceivers.length, fromReceivers.length]).toEqual([1, 1])
})

it('has the names of the OpenAPI document, and says what each attribute is', () => {
  const named = Object.keys(EVENTS).filter((name) => name !== 'NullableAmount')
  const text = declarations()
  const declared = [...text.matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name]) => name)

  expect(declared).toEqual(expect.arrayContaining(named))
  expect(declared).toContain('RelayTargetOpenedEvent')
  const attributes = text.split('export interface VendorAttributes {')[1]?.split('}')[0] ?? ''
  const bare = [...attributes.matchAll(/(?<!\*\/)\n {2}(\w+)\??:/g)].map(([, name]) => name)
  // Constants, and what has a named type, which says it.
  expect(bare).toEqual([
    ...['specversion', 'datacontenttype', 'timebasis', 'typebasis', 'personbasis'],
  ])
})

it('src/events.d.cts is what `node test/event-types/make.ts` makes', () => {
  const files = import.meta.glob<string>('/src/events.d.cts', {
    query: '?raw',
    import: 'default',
    eager: true,
  })

  expect(Object.values(files)).toEqual([declarations()])
})
