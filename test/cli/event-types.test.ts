// The event types in another TypeScript program, which has nothing but TypeScript: no sources of the relay, no valibot, no
// types of Workers.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { blocksOf, readPages } from './docs/pages.ts'
import { run } from './project.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const dir = mkdtempSync(path.join(tmpdir(), 'relay-event-types-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Every kind of use, and mistakes that must not compile. */
const PROGRAM = `
import type { Amount, Event, EventOf, EventType, PaymentRefunded, SystemEvent } from 'membership-relay/events'

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
export const same: EventOf<'payment.refunded'> extends PaymentRefunded ? true : false = true
export const isOwn = (event: Event): event is SystemEvent => event.relaysource === 'relay'
export const wanted: EventType[] = ['payment.created', 'relay.test']
export const ended = (event: EventOf<'subscription.ended'>) => event.data.reason === 'dunning'

// @ts-expect-error: no such type
export const misspelt: EventType = 'payment.craeted'
// @ts-expect-error: no such reason
export const bored = (event: EventOf<'subscription.ended'>) => event.data.reason === 'boredom'
`

/** The package as it is installed, without all that the types must not need. */
function install(): void {
  const installed = path.join(dir, 'node_modules/membership-relay')
  mkdirSync(path.join(installed, 'src'), { recursive: true })
  for (const file of ['package.json', 'src/events.d.ts']) {
    cpSync(path.join(ROOT, file), path.join(installed, file))
  }
}

describe.each([
  ['nodenext', 'nodenext'],
  ['bundler', 'esnext'],
])('with %s resolution', (moduleResolution, module) => {
  it('a program narrows events by their type, and the example of the documentation compiles', async () => {
    const [example] = blocksOf(readPages()).filter(({ text }) =>
      /membership-relay\/events/.test(text),
    )
    install()
    writeFileSync(path.join(dir, 'package.json'), JSON.stringify({ type: 'module' }))
    writeFileSync(path.join(dir, 'program.ts'), PROGRAM)
    writeFileSync(path.join(dir, 'example.ts'), example?.text ?? '')
    const compilerOptions = {
      ...{ module, moduleResolution, target: 'es2022', lib: ['es2022'], types: [] },
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
      ...{ skipLibCheck: false, noEmit: true },
    }
    writeFileSync(path.join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions }))

    const { status, stdout } = await run(path.join(ROOT, 'node_modules/.bin/tsc'), '-p', dir)

    expect(example?.page).toBe('docs/receiving.md')
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })
})
