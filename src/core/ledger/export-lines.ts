// The lines of an export that are no events: rows of tables that cannot be made from the events again. The events are pack
// lines (pack-line.ts). docs/operate.md describes the format.

/** The tables whose rows are exported, by the columns of their primary keys. */
export const EXPORTED_TABLES = {
  contacts: ['source', 'contact'],
  merged_people: ['person'],
  drift: ['source', 'vendor_type'],
  // Who was erased and is kept out stays so in a restored deployment. `erasing` has the key of the hashes.
  erasing: ['id'],
  erasures: ['person'],
  erased_values: ['person', 'hash'],
  erased_contacts: ['hash', 'person'],
} as const

export type ExportedTable = keyof typeof EXPORTED_TABLES

/** What is exported, in this order: the events, then the tables. */
export const EXPORTED_PARTS = [
  'events',
  ...(Object.keys(EXPORTED_TABLES) as ExportedTable[]),
] as const

export type ExportedPart = (typeof EXPORTED_PARTS)[number]

/** A row of a table, by its columns. Keys are numbers. */
export type RowLine = { row: ExportedTable; values: Record<string, string | number | null> }

/** True for a line with a row, and not an event. */
export function isRowLine(line: object): line is RowLine {
  const { row, values } = line as Partial<RowLine>
  const isTable = typeof row === 'string' && Object.hasOwn(EXPORTED_TABLES, row)
  return isTable && typeof values === 'object' && Object.keys(values ?? {}).length > 0
}

/** Why a delivery is cancelled that was not finished when the log was exported. */
export const IMPORTED =
  'imported: it was not finished when the log was exported; replay it to send it'
