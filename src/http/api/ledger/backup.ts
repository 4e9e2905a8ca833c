// The log as a file and back: the parts of an export, and those of an import.
import { Hono } from 'hono/tiny'
import * as v from 'valibot'
import { EXPORTED_PARTS } from '../../../core/ledger/export-lines.ts'
import type { Env } from '../../../env.ts'
import { audit } from '../../../stages/operate/acts/audit.ts'
import { exportLines, isPosition } from '../../../store/ledger/export.ts'
import { beginImport, importLines } from '../../../store/ledger/import.ts'
import { body, describe, query } from '../../operation.ts'
import { operatorOf } from '../../operator.ts'
import { problem } from '../../problems.ts'
import type { ApiTools } from '../../tools.ts'
import { ImportPosition } from '../answers/index.ts'
import { flag, periodOf, Time } from '../fields.ts'

const NDJSON = 'application/x-ndjson'

const ExportQuery = v.strictObject({
  part: v.pipe(
    v.picklist(EXPORTED_PARTS, `must be one of ${EXPORTED_PARTS.join(', ')}`),
    v.description('Events with their deliveries, or a table'),
  ),
  after: v.exactOptional(
    v.pipe(
      v.string('must be a single value'),
      v.maxLength(4000, 'must be the `next` of a previous call'),
      v.description('`next` of the previous call'),
    ),
  ),
  since: v.optional(Time, '1970-01-01'),
  until: v.optional(Time),
})

/** The route of `/api/export`. */
export function exportation(tools: ApiTools) {
  return new Hono<{ Bindings: Env }>().get(
    '/',
    describe({
      summary: 'The log as lines of JSON, a part per call',
      details:
        'Events with their deliveries in the order of receipt, or rows of a table. The last line has the `after` of the next call, or null: a response without it was cut. `npm run relay -- export` makes a file of all parts.',
      answers: { 200: 'Lines of JSON' },
      type: NDJSON,
    }),
    query(ExportQuery),
    async (c) => {
      const { part, after, ...period } = c.req.valid('query')
      if (after !== undefined && !isPosition(part, after)) {
        return problem(
          400,
          'bad-query',
          'after must be the `next` of a previous call for this part.',
        )
      }
      const lines = exportLines(c.env, { part, after, ...periodOf(period, tools.now()) })
      // The first line is read before the answer, so that an error is one.
      let next = await lines.next()
      const encoder = new TextEncoder()
      const bytes = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (next.done) return controller.close()
          controller.enqueue(encoder.encode(next.value))
          next = await lines.next()
        },
      })
      return c.body(bytes, 200, { 'content-type': NDJSON })
    },
  )
}

const File = v.pipe(
  v.string('must be a string'),
  v.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal digits'),
  v.description('The checksum of the last line of the file'),
)
const Count = v.pipe(
  v.number('must be a number'),
  v.integer(),
  v.minValue(0, 'must not be negative'),
)

const BeginBody = v.strictObject({ file: File, lines: Count, deliver: flag(false) })

const LinesBody = v.strictObject({
  file: File,
  from: v.pipe(Count, v.description('How many lines with events and rows come before these')),
  lines: v.pipe(
    v.array(v.record(v.string(), v.unknown(), 'must be an object'), 'must be a list'),
    v.maxLength(500, 'must have at most 500 lines'),
  ),
})

const REFUSALS = {
  not_fresh: 'This relay has received events: an export is imported into a fresh deployment only.',
  other_import: 'Another file was imported into this relay, or begun to be.',
  other_mode: 'This import was begun with the other value of `deliver`.',
  not_begun: 'The import of this file has not been begun here.',
  not_next: 'These are not the lines that follow: begin again to learn how far the import is.',
}

/** The routes of `/api/import`. */
export function importation({ configOf, ...tools }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .post(
      '/',
      describe({
        summary: 'Begin the import of an exported file, or learn how far it is',
        details:
          'Refused where events were received, unless it is the same import. Without `deliver`, deliveries that were not finished arrive as cancelled.',
        answers: { 200: ImportPosition },
        problems: [409],
      }),
      body(BeginBody),
      async (c) => {
        const { file, lines, deliver } = c.req.valid('json')
        const begun = await beginImport(c.env.DB, { file, lines, delivers: deliver }, tools.now())
        if (!begun.ok) return problem(409, begun.error.replace('_', '-'), REFUSALS[begun.error])
        const { position } = begun.value
        if (position === 0) {
          await audit(operatorOf(c, configOf), 'imported a log', `${lines} lines`, tools)
        }
        return c.json({ position, lines })
      },
    )
    .post(
      '/lines',
      describe({
        summary: 'Import the next lines of a file, in one transaction',
        details: 'Lines that are in the log already are left as they are.',
        answers: { 200: ImportPosition },
        problems: [409, 422],
      }),
      body(LinesBody),
      async (c) => {
        const part = c.req.valid('json')
        const done = await importLines(c.env.DB, part, tools.now())
        if (done.ok) return c.json({ position: done.value, lines: part.lines.length })
        if (typeof done.error === 'string') {
          return problem(409, done.error.replace('_', '-'), REFUSALS[done.error])
        }
        const { line, reason } = done.error
        return problem(
          422,
          'bad-line',
          `Line ${part.from + line + 1} of the events and rows ${reason}.`,
        )
      },
    )
}
