// Sources: their ingest URLs and figures.
import { Hono } from 'hono/tiny'
import { type Config, isBrokenSource, unreadableTexts } from '../../../config.ts'
import { formatInstant } from '../../../core/events/time.ts'
import type { Refusals } from '../../../core/intake/refusals.ts'
import { isUnusuallySilent } from '../../../core/ledger/rhythm.ts'
import type { Snapshot, SourceFigures } from '../../../core/ledger/snapshot.ts'
import type { Env } from '../../../env.ts'
import { getSnapshot } from '../../../store/ledger/snapshot.ts'
import { ingestOf } from '../../ingest-url.ts'
import { describe } from '../../operation.ts'
import { problem } from '../../problems.ts'
import type { ApiTools } from '../../tools.ts'
import { Source, Sources } from '../answers/index.ts'
import { instant } from '../fields.ts'

/** The routes of `/api/sources`. */
export function sources({ configOf, now }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .get(
      '/',
      describe({
        summary: 'All sources, with their ingest URLs and figures',
        details: 'A source that is broken is listed with the reason.',
        answers: { 200: Sources },
      }),
      async (c) => {
        const snapshot = await getSnapshot(c.env.DB)
        const { origin } = new URL(c.req.url)
        const sources = sourceViews(configOf(c.env), snapshot, origin, now())
        const unreadable = unreadableTexts(configOf(c.env), 'sources')
        return c.json({ as_of: instant(snapshot?.asOf), unreadable, sources })
      },
    )
    .get(
      '/:name',
      describe({
        summary: 'A source, with its ingest URL and figures',
        details: 'The figures are those of the last minute.',
        answers: { 200: Source },
        problems: [404],
      }),
      async (c) => {
        const { origin } = new URL(c.req.url)
        const views = sourceViews(configOf(c.env), await getSnapshot(c.env.DB), origin, now())
        const source = views.find(({ name }) => name === c.req.param('name'))
        if (source === undefined) return problem(404, 'unknown-source', 'No source has this name.')
        return c.json(source, 200)
      },
    )
}

/** The sources as operators see them. `origin`: that of the relay. */
export function sourceViews(
  { sources }: Config,
  snapshot: Snapshot | undefined,
  origin: string,
  now: number,
) {
  return [...sources.values()].map((source) => {
    const figures = snapshot?.sources.find(({ name }) => name === source.name)
    const refused = (snapshot?.refusals ?? []).filter((one) => one.source === source.name)
    return {
      ...viewOf(source, origin),
      figures: figures ? { ...figuresAsJson(figures, now), refused: refusedAsJson(refused) } : null,
    }
  })
}

type AnySource = Config['sources'] extends ReadonlyMap<string, infer S> ? S : never

/** A source as operators see it, without secrets. */
function viewOf(source: AnySource, origin: string) {
  const { name } = source
  const { url, header } = ingestOf(source, origin)
  const ingest = { ingest_url: url, header }
  if (isBrokenSource(source)) {
    return {
      name,
      vendor: null,
      state: 'broken' as const,
      reason: source.broken,
      ...ingest,
      signed: false,
    }
  }
  const { vendor, credentials } = source
  const signed = credentials.signingSecrets.length > 0
  return { name, vendor, state: 'active' as const, reason: null, ...ingest, signed }
}

function refusedAsJson(refused: readonly Refusals[]) {
  return refused.map(({ cause, count, last }) => ({ cause, count, last_at: formatInstant(last) }))
}

function figuresAsJson({ lastSeen, lastTest, hour, day, rhythm }: SourceFigures, now: number) {
  return {
    last_seen: instant(lastSeen),
    last_test: instant(lastTest),
    last_hour: hour,
    last_day: day,
    usual_this_hour: rhythm.usual,
    longest_silence_hours: rhythm.longestSilenceHours,
    unusually_silent: lastSeen !== null && isUnusuallySilent(rhythm, lastSeen, now),
  }
}
