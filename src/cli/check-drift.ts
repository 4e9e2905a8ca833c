// The part of `npm run check` that asks a relay: what the vendors have changed in their messages.
import { type Answer, type Api, answerOf, connect } from './relay/client.ts'
import { table } from './relay/table.ts'

type Diary = Answer<Awaited<ReturnType<Api['drift']['$get']>>>['drift'][number]
type Told = Diary['findings'][number]

/** What is said where no relay was named. */
export const DRIFT_HINT =
  'What the vendors have changed in their messages: npm run check -- --url <the relay>'

/** The drift that a relay has noticed, in words. Refuses in a sentence when the relay cannot be asked. */
export async function driftOf(url: string): Promise<string> {
  const { since, drift } = await answerOf(connect({ url }).drift.$get({ query: {} }))
  const rows = drift.flatMap((diary) => diary.findings.map((told) => rowOf(diary, told)))
  const head = ['source', 'type', 'finding', 'key', 'kinds', 'noticed', 'count', 'last seen']
  return [
    `DRIFT of ${new URL(url).origin} since ${since}`,
    ...(rows.length > 0 ? [table(head, rows)] : []),
    verdict(drift, rows.length),
  ].join('\n')
}

function rowOf({ source, vendortype }: Diary, told: Told): (string | number)[] {
  const { finding, path, kinds, noticed_at, count, last_seen } = told
  const type = vendortype ?? '(not recognised)'
  const shown =
    finding === 'changed' ? `${kinds.slice(0, -1).join(', ')} → ${kinds.at(-1)}` : kinds.join(', ')
  return [source, type, finding, path, shown, noticed_at, count, last_seen]
}

function verdict(drift: readonly Diary[], findings: number): string {
  if (drift.length === 0) return 'No message has been looked at yet.'
  const messages = drift.reduce((sum, diary) => sum + diary.messages, 0)
  const learning = drift.filter((diary) => diary.learning).length
  const found = findings === 0 ? 'Nothing new' : pluralize(findings, 'finding')
  const seen = `in ${pluralize(messages, 'message')} of ${pluralize(drift.length, 'type')}`
  const rest = learning > 0 ? `; ${learning} still being learned` : ''
  return `${found} ${seen}${rest}.`
}

function pluralize(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
