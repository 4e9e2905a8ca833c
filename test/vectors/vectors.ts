// The published vectors: for others who want to check their own mapping against ours.

/** What of a fixture becomes a vector: what comes in, and what its author, with the documents at hand, wrote beside it. */
export type Fixture = {
  vendor: string
  name: string
  about: string
  source?: Record<string, unknown>
  request: {
    query?: Record<string, string>
    headers?: Record<string, string>
    body?: unknown
    text?: string
  }
  expected: (
    | { status: 'accepted'; event: Record<string, unknown>; warnings?: string[] }
    | { status: 'quarantined'; type: string; vendortype?: string; issues: string[] }
  )[]
}

export type Vector = {
  name: string
  about: string
  vendor: string
  settings: Record<string, unknown>
  request: { headers?: Record<string, string>; eventName?: string } & (
    | { body: unknown }
    | { text: string }
  )
} & (Result | { results: Result[] })
/** What becomes of one message. */
export type Result =
  | { event: Record<string, unknown>; warnings: string[] }
  | { issues: string[]; type: string; vendortype?: string }

/** Keys of a source that say how to read its messages. The others prove who sent them. */
const SETTINGS = ['timezone', 'currency', 'date_format', 'sites']

/** The published file: who made it of what, and a vector for each fixture that says what becomes of a message. */
export function vectorsOf(fixtures: readonly Fixture[]) {
  return {
    license: 'MIT',
    made: 'synthetic',
    about: [
      'Messages of Hapana and Hype, and the events that Membership Relay makes of them.',
      'No body of either vendor is public: all of these are made up from the vendors’ documents, and nobody in them exists.',
      '`event` states what must be there, by the message alone: without what the relay adds to every event (specversion, id, datacontenttype, dataschema, relaysource, vendor, receivedat, mappingversion, data.warnings) and without what it concludes from the log. `data` is whole.',
      'Where `timebasis` is "received", `time` is that of receipt: 2026-11-21T00:00:00Z.',
      '`warnings` and `issues` name keys of the message. A message with `issues` is kept and not understood.',
      '`request.eventName` is what the ingest URL names with ?event=. `request.text` stands for a body whose very spelling matters. A list has `results`, one for each message.',
    ],
    vectors: fixtures.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(vectorOf),
  }
}

function vectorOf({ name, about, vendor, source = {}, request, expected }: Fixture): Vector {
  const settings = Object.fromEntries(
    Object.entries(source).filter(([key]) => SETTINGS.includes(key)),
  )
  const { event: eventName } = request.query ?? {}
  const results = expected.map(resultOf)
  const [only] = results
  return {
    name,
    about,
    vendor,
    settings,
    request: {
      ...(request.headers === undefined ? {} : { headers: request.headers }),
      ...(eventName === undefined ? {} : { eventName }),
      ...(request.text === undefined ? { body: request.body } : { text: request.text }),
    },
    ...(results.length === 1 && only ? only : { results }),
  } as Vector
}

function resultOf(expected: Fixture['expected'][number]): Result {
  if (expected.status === 'accepted')
    return { event: expected.event, warnings: expected.warnings ?? [] }
  const { issues, type, vendortype } = expected
  return { issues, type, ...(vendortype === undefined ? {} : { vendortype }) }
}

/** The file's text: a vector a line, so that a change shows which it is. */
export function textOf({ vectors, ...head }: ReturnType<typeof vectorsOf>): string {
  const lines = vectors.map((vector) => JSON.stringify(vector)).join(',\n')
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "vectors": [\n${lines}\n]}\n`
}
