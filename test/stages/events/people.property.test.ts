// Whoever comes in whatever order: no person has two contacts of one account, and nobody is joined whom the rules for contacts
// of before would separate.
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { findWronglyJoined } from '../../../src/store/events/wrongly-joined.ts'
import { aConfig, aPayment, NOW, stored } from '../../builders.ts'
import { empty, LOG_TABLES } from '../../database.ts'

const config = aConfig({ name: 'crm' })
let now = NOW

const contact = fc.record({
  source: fc.constantFrom('hapana', 'hapana', 'hype'),
  id: fc.integer({ min: 1, max: 6 }),
  publisher: fc.constantFrom('a', 'a', 'b'),
  name: fc.constantFrom('Ana Silva', 'Bob Silva', 'Ana Maier', 'Anabel', undefined),
  email: fc.constantFrom('x@example.com', 'x@example.com', 'y@example.com', 'none', undefined),
})

type Seen = typeof contact extends fc.Arbitrary<infer T> ? T : never

const contacts = fc.uniqueArray(contact, {
  minLength: 4,
  maxLength: 12,
  selector: ({ source, id, publisher }) => (source === 'hype' ? `${id} ${publisher}` : id),
})

/** The message by which a contact is seen. */
function messageOf({ source, id, publisher, name, email }: Seen) {
  if (source === 'hype') return aPayment({ id: `y${id}`, publisher_id: publisher, name, email })
  const [firstName, lastName] = name?.split(' ') ?? []
  const event = { eventType: 'clientStatusChange', status: 'inactive', siteID: 's' }
  return { ...event, clientID: `h${id}`, firstName, lastName, email, note: now }
}

it('nobody has two ids of one account, or would be separated', async () => {
  await fc.assert(
    fc.asyncProperty(contacts, async (contacts) => {
      await empty(...LOG_TABLES)
      for (const one of contacts) {
        now += 1000
        await stored(config, one.source as 'hapana', messageOf(one), { now })
      }

      const { results } = await env.DB.prepare(
        `SELECT count(*) FROM contacts GROUP BY person, source, account HAVING count(*) > 1`,
      ).all()
      expect(results).toEqual([])
      expect((await findWronglyJoined(env.DB, undefined, [])).people).toEqual([])
    }),
    { numRuns: 60 },
  )
})
