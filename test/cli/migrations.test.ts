// The migrations keep the data of earlier versions.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'

const MIGRATIONS = path.resolve(import.meta.dirname, '../../src/store/migrations')
const HOUR_MS = 3_600_000

/** A database of an earlier version, and a function that applies the rest of the migrations. */
function aDatabaseBefore(migration: string) {
  const db = new DatabaseSync(':memory:')
  const names = readdirSync(MIGRATIONS).sort()
  const apply = (some: string[]) => {
    for (const name of some) db.exec(readFileSync(path.join(MIGRATIONS, name), 'utf8'))
  }
  apply(names.filter((name) => name < migration))
  return { db, update: () => apply(names.filter((name) => name >= migration)) }
}

it('turns the totals of hours into totals of segments', () => {
  const { db, update } = aDatabaseBefore('0009')
  const hour = 497_000
  const span = Math.floor(hour / 256)
  db.exec(`
    INSERT INTO hours (hour, counted, posted) VALUES (${hour}, 1, 1), (${hour + 1}, 0, 0);
    INSERT INTO ledger VALUES (${hour}, 'source', 'hype', 'accepted', 3, 6);
    INSERT INTO statistics VALUES ('received', ${hour}, ${hour}, 'hype', 'accepted', 0, 3, 0, 5, NULL);
    INSERT INTO postings VALUES (${hour}, '{"hype":[1,2]}');
    INSERT INTO posting_spans VALUES (${span}, '{"hype":{"${hour}":2},"hapana":{"${hour}":1,"${hour + 1}":7}}');`)

  update()

  const start = hour * HOUR_MS
  const all = (sql: string) =>
    db
      .prepare(sql)
      .all()
      .map((row) => Object.values(row))
  expect(all('SELECT start, until, counted, posted, events FROM segments ORDER BY start')).toEqual([
    [start, start + HOUR_MS, 1, 1, 3],
    [start + HOUR_MS, start + 2 * HOUR_MS, 0, 0, null],
  ])
  expect(all('SELECT start, name, count, planned FROM ledger')).toEqual([[start, 'hype', 3, 6]])
  expect(all('SELECT made, start, count FROM statistics')).toEqual([[hour, start, 3]])
  expect(all('SELECT start, keys FROM postings')).toEqual([[start, '{"hype":[1,2]}']])
  const [[storedSpan, text] = []] = all('SELECT span, segments FROM posting_spans')
  expect(storedSpan).toBe(span)
  expect(JSON.parse(String(text))).toEqual({
    hype: { [start]: 2 },
    hapana: { [start]: 1, [start + HOUR_MS]: 7 },
  })
})
