// The sources: where each is sent to, and when it was heard of last.
import { Hono } from 'hono'
import * as v from 'valibot'
import { type Config, isBrokenSource } from '../../config.ts'
import type { Env } from '../../env.ts'
import { describe } from '../operation.ts'
import { Source } from './answers.ts'
import type { ApiTools } from './index.ts'

/** The routes of `/api/sources`. */
export function sources({ configOf }: ApiTools) {
  return new Hono<{ Bindings: Env }>().get(
    '/',
    describe({
      summary: 'The sources, their ingest URLs, and when each was heard of last',
      answers: { 200: v.strictObject({ sources: v.array(Source) }) },
    }),
    async (c) => {
      const { origin } = new URL(c.req.url)
      const { sources } = configOf(c.env)
      return c.json({ sources: [...sources.values()].map((source) => shown(source, origin)) })
    },
  )
}

type AnySource = Config['sources'] extends ReadonlyMap<string, infer S> ? S : never

/** A source as its operator sees it. Never a secret: where it is part of the URL, a word stands for it. */
function shown(source: AnySource, origin: string) {
  const { name } = source
  const url = `${origin}/in/${encodeURIComponent(name)}`
  if (isBrokenSource(source)) {
    return {
      name,
      vendor: null,
      state: 'broken' as const,
      reason: source.broken,
      ingest_url: url,
      header: null,
      signed: false,
    }
  }
  const { header, secrets, signingSecrets } = source.credentials
  const hasKey = secrets.length > 0 && header === undefined
  return {
    name,
    vendor: source.vendor,
    state: 'active' as const,
    reason: null,
    ingest_url: hasKey ? `${url}?key=SECRET` : url,
    header: header ?? null,
    signed: signingSecrets.length > 0,
  }
}
