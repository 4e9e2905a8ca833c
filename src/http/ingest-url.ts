// Where a source is posted to.
import { type Config, isBrokenSource } from '../config.ts'

type AnySource = Config['sources'] extends ReadonlyMap<string, infer S> ? S : never

/** The ingest URL of a source and the header of its secret, if it has one; `SECRET` in the URL is a placeholder. */
export function ingestOf(
  source: AnySource,
  origin: string,
): { url: string; header: string | null } {
  const url = `${origin}/in/${encodeURIComponent(source.name)}`
  if (isBrokenSource(source)) return { url, header: null }
  const { header, secrets } = source.credentials
  const hasKey = secrets.length > 0 && header === undefined
  return { url: hasKey ? `${url}?key=SECRET` : url, header: header ?? null }
}
