// The search for what is left of an erased person: it finds a value wherever it is, also where nobody thought of it.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { personIdOfKey } from '../../../../src/core/id.ts'
import { hashWords, wordsOf } from '../../../../src/core/operate/erasure/words.ts'
import type { Searched } from '../../../../src/stages/operate/erasure/judge.ts'
import { verifyErased } from '../../../../src/stages/operate/erasure/verify.ts'
import { listTables, type Table } from '../../../../src/store/operate/erasure/tables.ts'
import { NOW, toolsAt } from '../../../builders.ts'

const MAIL = 'ana.silva@example.com'
const ID = 'client-ana-0001'
const salt = '00ff'
const searched = async (): Promise<Searched> => ({
  person: personIdOfKey('5'),
  askedAt: NOW,
  salt,
  values: [
    { ...(await hashWords(wordsOf(MAIL), salt)), kind: 'email', source: null },
    { ...(await hashWords(wordsOf(ID), salt)), kind: 'id', source: 'hapana' },
  ],
})

async function search() {
  const found: Awaited<ReturnType<typeof verifyErased>>['found'] = []
  let next: string | undefined
  do {
    const part = await verifyErased(env, await searched(), next, toolsAt(NOW))
    found.push(...part.found)
    next = part.next
  } while (next !== undefined)
  return found
}

type Column = { name: string; type: string; notnull: number; pk: number; dflt_value: string | null }

/** A new row, with a value in one column and whatever is allowed in the others; or that value in the only row there may be. */
async function plant({ name }: Table, column: string, text: string): Promise<void> {
  const { results } = await env.DB.prepare(`PRAGMA table_info("${name}")`).all<Column>()
  const filled = results.filter((one) => one.name === column || one.notnull === 1 || one.pk > 0)
  const literalOf = (one: Column) => {
    if (/INT|REAL/.test(one.type)) return '1'
    const other = one.name === 'source' ? `'hapana'` : `'{}'`
    const literal = one.name === column ? `'${text}'` : other
    return one.type === 'BLOB' ? `CAST(${literal} AS BLOB)` : literal
  }
  const columns = filled.map((one) => `"${one.name}"`)
  await env.DB.batch([
    // The row that facts belong to.
    ...(name === 'packed_facts' ? [env.DB.prepare(A_PARENT)] : []),
    env.DB.prepare(
      `INSERT INTO "${name}" (${columns}) VALUES (${filled.map(literalOf)}) ON CONFLICT DO UPDATE SET "${column}" = excluded."${column}"`,
    ),
  ])
}

const A_PARENT = `INSERT OR IGNORE INTO packed_contacts (number, source, contact) VALUES (1, 'hapana', 'nobody')`

describe('a search', () => {
  it('finds nothing where nothing is', async () => {
    expect(await search()).toEqual([])
  })

  it('finds a value that is left in any column of any table', async () => {
    const tables = await listTables(env.DB)
    const missed: string[] = []
    for (const table of tables) {
      for (const column of table.columns) {
        const { results: before } = await env.DB.prepare(`SELECT * FROM "${table.name}"`).all()
        await plant(table, column, `"${ID} <${MAIL.toUpperCase()}>"`)
        const found = await search()
        if (!found.some((one) => one.table === table.name && one.column === column)) {
          missed.push(`${table.name}.${column}`)
        }
        expect(JSON.stringify(found)).not.toMatch(/silva|client-ana/i)
        await env.DB.prepare(`DELETE FROM "${table.name}"`).run()
        for (const row of before) {
          const names = Object.keys(row)
          await env.DB.prepare(
            `INSERT INTO "${table.name}" (${names.map((one) => `"${one}"`)}) VALUES (${names.map((_, i) => `?${i + 1}`)})`,
          )
            .bind(...Object.values(row))
            .run()
        }
      }
    }
    expect(tables.length).toBeGreaterThan(20)
    expect(missed).toEqual([])
  }, 240_000)

  it('finds it in a table that nobody has thought of, as text or compressed', async () => {
    await env.DB.exec('CREATE TABLE later_idea (name TEXT, content BLOB)')
    const packed = await new Response(
      new Blob([`{"a":1}\n{"mail":"${MAIL}"}\n`])
        .stream()
        .pipeThrough(new CompressionStream('gzip')),
    ).arrayBuffer()
    await env.DB.prepare('INSERT INTO later_idea VALUES (?1, ?2)').bind('one', packed).run()

    const found = await search()
    await env.DB.exec('DROP TABLE later_idea')

    expect(found).toEqual([{ table: 'later_idea', column: 'content', row: '1', kinds: ['email'] }])
  })

  it('finds it among the objects of the archive', async () => {
    await env.ARCHIVE?.put('anything/at-all.txt', `to ${MAIL}`)

    const found = await search()
    await env.ARCHIVE?.delete('anything/at-all.txt')

    expect(found).toMatchObject([{ table: 'archive', row: 'anything/at-all.txt' }])
  })
})
