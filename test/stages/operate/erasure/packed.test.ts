// Erasing a person whose events are in packs, which others share.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { discrepancies, tally } from '../../../../src/core/ledger/ledger.ts'
import { continueErasures, erasePerson } from '../../../../src/stages/operate/erasure/erase.ts'
import { verifyErased } from '../../../../src/stages/operate/erasure/verify.ts'
import { getEvent } from '../../../../src/store/events/events.ts'
import { findPeople } from '../../../../src/store/events/people.ts'
import { listCounts } from '../../../../src/store/ledger/ledger.ts'
import { listDifferences } from '../../../../src/store/ledger/verify.ts'
import { getErasure, listErasedValues } from '../../../../src/store/operate/erasure/erasures.ts'
import { aConfig, aQueue, aStatusChange, NOW, stored, toolsAt } from '../../../builders.ts'
import { empty, LOG_TABLES } from '../../../database.ts'
import { clearPacks, objectNames, PLACES, packAll, packedLines } from '../../../packs.ts'

const MAIL = 'ana.silva@example.com'
const HOUR = 3_600_000
const DAY = 24 * HOUR
const LATER = NOW + 10 * DAY
const EVER = { since: NOW - DAY, until: NOW + 2 * DAY }
// Events without deliveries: they are settled at once.
const config = aConfig({ name: 'crm', events: ['payment.*'] })

beforeEach(async () => {
  await empty(...LOG_TABLES, 'statistics', 'totals', 'erasures', 'erased_values', 'erased_contacts')
  await env.DB.prepare('UPDATE erasing SET version = version + 1').run()
  await clearPacks()
})

/** Two people in each of three hours. */
async function aLog() {
  const [ana, ben] = [[], []] as [string[], string[]]
  for (let hour = 0; hour < 3; hour++) {
    const at = NOW + hour * HOUR
    const status = `s${hour}`
    ana.push(
      await stored(
        config,
        'hapana',
        aStatusChange({ clientID: 'client-ana-0001', email: MAIL, status }),
        { now: at },
      ),
    )
    ben.push(
      await stored(config, 'hapana', aStatusChange({ clientID: 'client-ben-0001', status }), {
        now: at + 1,
      }),
    )
  }
  const { items } = await findPeople(env.DB, { email: MAIL }, { limit: 1 })
  return { ana, ben, person: items[0]?.id as `per_${string}` }
}

describe.each(['d1', 'r2'] as const)('a person whose events are packed in %s', (name) => {
  const place = PLACES[name]
  const bindings = { ...place, RETRIES: aQueue().queue } as Parameters<typeof erasePerson>[0]

  it('is erased there, and the events of others stay packed', async () => {
    const { ana, ben, person } = await aLog()
    await packAll(place, LATER)
    const before = await packedLines(place)
    expect(before).toHaveLength(6)

    const result = await erasePerson(bindings, config, person, false, toolsAt(LATER))

    expect(result?.erasure).toMatchObject({ step: 'done', counts: { contacts: 1, events: 3 } })
    const left = await packedLines(place)
    expect(left.map(({ id }) => id)).toEqual(ben)
    expect(left).toEqual(before.filter(({ id }) => ben.includes(id)))
    for (const id of ana)
      expect((await getEvent(place, id as `evt_${string}`))?.status).toBe('erased')
    expect(await objectNames()).toHaveLength(name === 'r2' ? 3 : 0)
    expect(await found(person)).toEqual([])
  })

  it('leaves nothing that its events were known by while they were packed', async () => {
    const { person } = await aLog()
    await packAll(place, LATER)
    expect(await known()).toEqual({ contacts: 2, events: 6, facts: 2, identities: 6 })

    await erasePerson(bindings, config, person, false, toolsAt(LATER))
    expect(await known()).toEqual({ contacts: 1, events: 3, facts: 1, identities: 3 })

    await packAll(place, LATER + DAY)
    expect(await known()).toEqual({ contacts: 1, events: 3, facts: 1, identities: 3 })
  })

  it('stays in the counts, also when what is left is packed again', async () => {
    const { person } = await aLog()
    await packAll(place, LATER)
    await erasePerson(bindings, config, person, false, toolsAt(LATER))

    const steps = { 'with rows': LATER, 'kept hot': LATER + DAY, 'packed again': LATER + 31 * DAY }
    for (const [step, now] of Object.entries(steps)) {
      await continueErasures(bindings, config, toolsAt(now))
      await packAll(place, now)
      const statuses = (await packedLines(place)).map(({ status }) => status)
      // As long as a repeat of an erased event is recognised, it stays in its row.
      expect(
        statuses.filter((one) => one === 'erased'),
        step,
      ).toHaveLength(step === 'packed again' ? 3 : 0)
      const [line] = tally(await listCounts(place, EVER)).sources
      expect(line, step).toMatchObject({ source: 'hapana', received: 6, accepted: 3, erased: 3 })
      expect(discrepancies(tally(await listCounts(place, EVER))), step).toEqual([])
      expect((await listDifferences(place, EVER)).differences, step).toEqual([])
    }
    const erased = (await packedLines(place)).filter(({ status }) => status === 'erased')
    for (const line of erased) expect(line).toMatchObject({ dedup_key: '', headers: {} })
    expect(await found(person)).toEqual([])
  })

  it('is erased also from bytes that another run was writing', async () => {
    const { person } = await aLog()
    await packAll(place, LATER)
    await env.DB.prepare(`INSERT INTO pack_garbage SELECT start, version + 1, place, ?1 FROM packs`)
      .bind(LATER)
      .run()
    if (name === 'd1')
      await env.DB.prepare(
        'INSERT INTO pack_parts SELECT start, version + 1, part, bytes FROM pack_parts',
      ).run()

    const { erasure } = (await erasePerson(bindings, config, person, false, toolsAt(LATER))) ?? {}
    expect(erasure?.step).toBe('packs')
    await continueErasures(bindings, config, toolsAt(LATER + 2 * HOUR))

    expect((await getErasure(env.DB, person))?.step).toBe('done')
    expect(await found(person)).toEqual([])
  })

  const known = () =>
    env.DB.prepare(
      `SELECT (SELECT count(*) FROM packed_contacts) AS contacts, (SELECT count(*) FROM packed_events) AS events,
         (SELECT count(*) FROM packed_facts) AS facts, (SELECT count(*) FROM packed_identities) AS identities`,
    ).first()

  async function found(person: `per_${string}`) {
    const erasure = await getErasure(env.DB, person)
    const searched = {
      person,
      askedAt: erasure?.askedAt ?? 0,
      salt: erasure?.salt ?? '',
      values: await listErasedValues(env.DB, person),
    }
    return (await verifyErased(bindings, searched, undefined, toolsAt(LATER))).found
  }
})
