// Everything about a person as one HTML page: it loads nothing, reads without a screen's colours, and prints.
import { showDirections } from '../../../core/text.ts'
import type { PersonExport } from './person.ts'

const STYLE = `
:root { color-scheme: light dark; --line: #8886; --quiet: #777; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; } h3 { font-size: 1rem; margin: 0; }
.quiet, th { color: var(--quiet); font-weight: normal; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; width: 10rem; }
th, td { padding: .25rem .75rem .25rem 0; vertical-align: top; border-bottom: 1px solid var(--line); }
td th { border: 0; } td table td, td table th { border: 0; padding-top: 0; }
article { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1rem 0; break-inside: avoid-page; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; justify-content: space-between; margin-bottom: .5rem; }
pre { white-space: pre-wrap; font-size: .8rem; border-left: 3px solid var(--line); padding-left: .75rem; }
summary { cursor: pointer; color: var(--quiet); margin-top: .5rem; }
@media print { body { margin: 0; max-width: none; font-size: 11px; } article { border-radius: 0; } }
`

/** The page of an export. All texts of it are escaped; it has no script and loads nothing. */
export function personPage({ exported_at, person, events }: PersonExport): string {
  const sources = person.contacts.map(({ source }) => source)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>What is stored about ${escaped(person.id)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>What is stored about you</h1>
<p class="quiet">Person ${escaped(person.id)}, on ${when(exported_at)}. It came from ${escaped([...new Set(sources)].join(' and '))}.</p>
<h2>How you are known</h2>
${person.contacts.map((contact) => section(contact.source, rows(contact))).join('\n')}
<h2>What was received (${events.length})</h2>
${events.map(eventSection).join('\n') || '<p>Nothing.</p>'}
</body>
</html>
`
}

type Event = PersonExport['events'][number]

function eventSection(event: Event): string {
  const { data, time } = (event.event ?? {}) as { data?: object; time?: string }
  const title = event.type.replaceAll(/[._]/g, ' ')
  const sent = event.deliveries.map(({ target, state, attempts }) => ({
    to: target,
    state,
    last: attempts.at(-1)?.at ?? null,
  }))
  return section(
    `${title} <span class="quiet">${escaped(event.source)}</span>`,
    [
      data === undefined ? '<p>It was not understood.</p>' : rows(data),
      details('Passed on to', sent.length === 0 ? '<p>Nobody.</p>' : sent.map(rows).join('\n')),
      details(
        'As it was received',
        `<pre>${escaped(event.raw.text ?? 'No longer stored.')}</pre>${rows(event.raw.headers as object)}`,
      ),
    ].join('\n'),
    when(time ?? event.receivedat),
  )
}

const details = (summary: string, content: string) =>
  `<details open><summary>${summary}</summary>${content}</details>`

/** A part of the page. `title` is HTML, as are the others. */
function section(title: string, content: string, note = ''): string {
  return `<article><header><h3>${title}</h3><span class="quiet">${note}</span></header>${content}</article>`
}

/** The members of an object as a table, without those that have no value. */
function rows(object: object): string {
  const members = Object.entries(object).filter(([, value]) => !isEmpty(value))
  const lines = members.map(
    ([name, value]) => `<tr><th>${escaped(label(name))}</th><td>${shown(value)}</td></tr>`,
  )
  return `<table>${lines.join('')}</table>`
}

function isEmpty(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    value === '' ||
    (Array.isArray(value) && value.length === 0)
  )
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join('<br>')
  if (typeof value === 'object' && value !== null) return rows(value)
  const text = String(value)
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? when(text) : escaped(text)
}

/** `vendor_id` → vendor id. */
const label = (name: string) => name.replaceAll('_', ' ')

/** A time in UTC, as it is read. */
function when(time: string): string {
  return `<time datetime="${escaped(time)}">${escaped(time.replace('T', ' ').replace(/(:\d\d)(\.\d+)?Z$/, '$1'))} UTC</time>`
}

function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return showDirections(text).replaceAll(/[&<>"]/g, (character) => entities[character] ?? character)
}
