// A TypeScript program that has the types of events from the package, and nothing else: no sources of the relay, no valibot,
// no types of Workers.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { blocksOf, readPages } from '../cli/docs/pages.ts'

const ROOT = path.join(import.meta.dirname, '../..')

/** Every kind of use, and mistakes that must not compile. */
const PROGRAM = `
import type { Amount, Event, EventOf, EventType, PaymentRefundedEvent, SystemEvent } from 'membership-relay/events'

export function amountOf(event: Event): Amount | null | undefined {
  switch (event.type) {
    case 'payment.refunded':
      return event.data.refund.amount
    case 'purchase.completed':
      return event.data.purchase.amount
    case 'relay.delivery_dead':
      // @ts-expect-error: one of the relay's own has no vendor
      event.vendor
      return { value: String(event.data.attempts), unit: 'major', currency: null }
    default:
      // @ts-expect-error: only known once the type is
      return event.data.refund
  }
}

export const person = (event: EventOf<'payment.created'>): string | undefined => event.personid
export const same: EventOf<'payment.refunded'> extends PaymentRefundedEvent ? true : false = true
export const isOwn = (event: Event): event is SystemEvent => event.relaysource === 'relay'
export const wanted: EventType[] = ['payment.created', 'relay.test']
export const ended = (event: EventOf<'subscription.ended'>) => event.data.reason === 'dunning'

// @ts-expect-error: no such type
export const misspelt: EventType = 'payment.craeted'
// @ts-expect-error: no such reason
export const bored = (event: EventOf<'subscription.ended'>) => event.data.reason === 'boredom'
`

/** The kind of a project, in its package.json, and how its compiler finds modules. */
export type Project = {
  type: 'module' | 'commonjs'
  module: string
  /** Undefined: as the compiler chooses for `module`. */
  moduleResolution?: string
}

/** Options that find most faults. */
const STRICT = {
  ...{ target: 'es2022', lib: ['es2022'], types: [], strict: true, noEmit: true },
  ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
}

/**
 * Writes the program, the example of the documentation and their tsconfig.json into a folder, with the package as it is
 * installed, without all that the types must not need.
 */
export function writeConsumer(dir: string, { type, ...resolution }: Project): void {
  const installed = path.join(dir, 'node_modules/membership-relay')
  mkdirSync(path.join(installed, 'src'), { recursive: true })
  for (const file of ['package.json', 'src/events.d.cts']) {
    cpSync(path.join(ROOT, file), path.join(installed, file))
  }
  const [example] = blocksOf(readPages()).filter(({ text }) =>
    /membership-relay\/events/.test(text),
  )
  if (example === undefined) throw new Error('the documentation has no example')
  const compilerOptions = { ...STRICT, ...resolution }
  const files = {
    'package.json': JSON.stringify({ type }),
    'program.ts': PROGRAM,
    'example.ts': example.text,
    'tsconfig.json': JSON.stringify({ compilerOptions, files: ['program.ts', 'example.ts'] }),
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(dir, name), text)
}
