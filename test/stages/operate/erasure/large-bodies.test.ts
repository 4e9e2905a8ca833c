// The large bodies of an erased person, which are apart from their events: in R2, in D1, and what deliveries keep of them.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { DeliveryMessage } from '../../../../src/core/deliveries/delivery.ts'
import { type EventId, keyOfId, type PersonId } from '../../../../src/core/id.ts'
import { continueErasures, erasePerson } from '../../../../src/stages/operate/erasure/erase.ts'
import { verifyErased } from '../../../../src/stages/operate/erasure/verify.ts'
import { getEvent } from '../../../../src/store/events/events.ts'
import { findPeople } from '../../../../src/store/events/people.ts'
import { getErasure, listErasedValues } from '../../../../src/store/operate/erasure/erasures.ts'
import {
  aConfig,
  aMail,
  aMessageFor,
  aQueue,
  aStatusChange,
  deliverBatch,
  NOW,
  stored,
  toolsAt,
} from '../../../builders.ts'
import { empty, LOG_TABLES } from '../../../database.ts'
import { clearPacks, packAll } from '../../../packs.ts'

const MAIL = 'ana.silva@example.com'
const ARCHIVE = env.ARCHIVE as R2Bucket
const config = aConfig(
  { name: 'crm', include: ['message_body'] },
  {
    name: 'shout',
    transform: '{"text": $uppercase(data.message.body), "to": data.message.to}',
    include: ['message_body'],
  },
)
const bindings = { DB: env.DB, RETRIES: aQueue().queue, ARCHIVE }
const PLACES: [string, { archive?: R2Bucket }][] = [
  ['R2', { archive: ARCHIVE }],
  ['D1', {}],
]

/** A mail to Ana of 60 KB, or one of another form that nobody understands; its text names her. */
const toAna = (more: object = {}) => {
  const mail = aMail(60_000, { clientID: 'client-ana-0001', emailTo: MAIL })
  return { ...mail, message: `${mail.message}<p>For ${MAIL}</p>`, ...more }
}

const bodies = () => env.DB.prepare('SELECT count(*) AS n FROM bodies').first<number>('n')
const objects = async () =>
  (await ARCHIVE.list({ prefix: 'bodies/' })).objects.map(({ key }) => key)

/** Ana, by what the vendor says of her without a mail. */
async function person(): Promise<PersonId> {
  const change = aStatusChange({ clientID: 'client-ana-0001', email: MAIL })
  await stored(config, 'hapana', change)
  const { items } = await findPeople(env.DB, { email: MAIL }, { limit: 1 })
  return items[0]?.id as PersonId
}

const erase = (id: PersonId, from: { ARCHIVE?: R2Bucket } = { ARCHIVE }) =>
  erasePerson({ DB: env.DB, RETRIES: aQueue().queue, ...from }, config, id, false, toolsAt(NOW + 9))

/** What a search finds, as `table column`. */
async function left(id: PersonId): Promise<string[]> {
  const erasure = await getErasure(env.DB, id)
  const { askedAt = 0, salt = '' } = erasure ?? {}
  const searched = { person: id, askedAt, salt, values: await listErasedValues(env.DB, id) }
  const found: string[] = []
  let next: string | undefined
  do {
    const part = await verifyErased(env, searched, next, toolsAt(NOW))
    found.push(...part.found.map(({ table, column }) => `${table} ${column}`.trim()))
    next = part.next
  } while (next !== undefined)
  return found
}

/** Tries a delivery once, in vain, so that its body is kept. */
async function fail(event: EventId, target: string): Promise<void> {
  const body: DeliveryMessage = await aMessageFor(event, target)
  const own = { id: target, timestamp: new Date(NOW), attempts: 1, body }
  const message = { ...own, ack: () => undefined, retry: () => undefined }
  await deliverBatch(bindings, config, 'retries', [message as never], {
    fetch: async () => new Response('', { status: 500 }),
  })
}

const keptBody = (event: EventId, target: string) =>
  env.DB.prepare('SELECT body FROM deliveries WHERE event = CAST(?1 AS INTEGER) AND target = ?2')
    .bind(keyOfId(event), target)
    .first<string>('body')

beforeEach(async () => {
  await empty(...LOG_TABLES, 'erasures', 'erased_values', 'erased_contacts')
  await env.DB.prepare('UPDATE erasing SET version = version + 1').run()
  await ARCHIVE.delete((await ARCHIVE.list()).objects.map(({ key }) => key))
  await clearPacks()
})

describe.each(PLACES)('a person whose large bodies are in %s', (_, bound) => {
  it('is erased with the bodies, what deliveries keep of them, and no other', async () => {
    const event = await stored(config, 'hapana', toAna(), bound)
    const other = await stored(config, 'hapana', aMail(), bound)
    for (const target of ['crm', 'shout']) await fail(event, target)
    expect(await keptBody(event, 'crm')).toContain("'raw ")
    expect(await keptBody(event, 'shout')).toMatch(/^'gzip /)
    const before = await getEvent(env, other)

    const who = await person()
    const { erasure } = (await erase(who)) ?? {}

    expect(erasure).toMatchObject({ step: 'done', counts: { events: 2, bodies: 2 } })
    expect(await bodies()).toBe(1)
    expect(await objects()).toHaveLength(bound.archive ? 1 : 0)
    expect(await keptBody(event, 'shout')).toBeNull()
    expect(await left(who)).toEqual([])
    expect(await getEvent(env, other)).toEqual(before)
  })

  it('is erased where nobody understood the message', async () => {
    await stored(config, 'hapana', toAna(), bound)
    const strange = { eventType: 'somethingNew', note: toAna() }
    const event = await stored(config, 'hapana', strange, bound)
    expect((await getEvent(env, event))?.status).toBe('quarantined')

    const who = await person()
    await erase(who)

    expect((await getEvent(env, event))?.status).toBe('erased')
    expect([await bodies(), await objects()]).toEqual([0, []])
    expect(await left(who)).toEqual([])
  })

  it('is erased where the event is packed', async () => {
    const event = await stored(config, 'hapana', toAna(), bound)
    await env.DB.prepare(`UPDATE deliveries SET state = 'delivered', due = NULL`).run()
    await packAll({ DB: env.DB, ...(bound.archive && { ARCHIVE }) }, NOW + 20 * 86_400_000)
    expect([await bodies(), await objects()]).toEqual([0, []])
    expect((await getEvent(env, event))?.raw.text).toContain(MAIL)

    const who = await person()
    await erase(who)
    await continueErasures(bindings, config, toolsAt(NOW + 86_400_000))

    expect((await getErasure(env.DB, who))?.step).toBe('done')
    expect((await getEvent(env, event))?.status).toBe('erased')
    expect(await left(who)).toEqual([])
  })
})

it('keeps no body of a message that repeats an erased one', async () => {
  const mail = toAna()
  await stored(config, 'hapana', mail)
  await erase(await person())

  await stored(config, 'hapana', mail)

  expect(await bodies()).toBe(0)
})

it('erases nothing of an event whose body is in a bucket that is not bound, and says so', async () => {
  await stored(config, 'hapana', toAna(), { archive: ARCHIVE })
  const who = await person()

  await expect(erase(who, {})).rejects.toThrow('ARCHIVE is not bound')

  expect(await bodies()).toBe(1)
  await erase(who)
  expect([await bodies(), await objects()]).toEqual([0, []])
})

describe('the search for what is left', () => {
  /** Whose mail was erased. */
  async function erased(): Promise<{ who: PersonId; event: EventId }> {
    const event = await stored(config, 'hapana', toAna())
    const who = await person()
    await erase(who)
    expect(await left(who)).toEqual([])
    return { who, event }
  }
  const compressed = (text: string) =>
    new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).bytes()

  it('finds a body in D1', async () => {
    const { who, event } = await erased()
    await env.DB.prepare(
      'INSERT INTO bodies (owner, size, packed) VALUES (CAST(?1 AS INTEGER), 1, ?2)',
    )
      .bind(keyOfId(event), await compressed(JSON.stringify(toAna())))
      .run()

    expect(await left(who)).toEqual(['bodies packed'])
  })

  it('finds a body in R2', async () => {
    const { who, event } = await erased()
    await ARCHIVE.put(`bodies/${event}-1.gz`, await compressed(JSON.stringify(toAna())))

    expect(await left(who)).toEqual(['archive'])
  })

  it('finds what a delivery keeps compressed', async () => {
    const { who, event } = await erased()
    const bytes = await compressed(JSON.stringify(toAna()))
    const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    await env.DB.prepare('UPDATE deliveries SET body = ?2 WHERE event = CAST(?1 AS INTEGER)')
      .bind(keyOfId(event), `'gzip ${base64}'`)
      .run()

    expect(await left(who)).toEqual(['deliveries body', 'deliveries body'])
  })
})
