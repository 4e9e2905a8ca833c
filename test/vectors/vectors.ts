// The published vectors: for others who check their own mapping against this one.

/** The part of a fixture that a vector is made from: a request, and the result that its author expects by the documents. */
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
/** The result of normalizing one message. */
export type Result =
  | { event: Record<string, unknown>; warnings: string[] }
  | { issues: string[]; type: string; vendortype?: string }

/** Settings of a source that affect normalization. The others authenticate the sender. */
const SETTINGS = ['timezone', 'currency', 'date_format', 'sites']

/** The published file: its licence and description, and a vector for each fixture with an expected result. */
export function vectorsOf(fixtures: readonly Fixture[]) {
  return {
    license: 'MIT',
    made: 'synthetic',
    about: [
      'Messages of Hapana and Hype, and the events that Membership Relay normalizes them to.',
      'No body of either vendor is public: all bodies are synthetic, after the vendors’ documents, and the people in them do not exist.',
      '`event` has the attributes that depend on the message alone: not those that the relay adds to every event (specversion, id, datacontenttype, dataschema, relaysource, vendor, receivedat, mappingversion, data.warnings), nor conclusions from other events. `data` is complete.',
      'If `timebasis` is "received", `time` is the time received: 2026-11-21T00:00:00Z.',
      '`warnings` and `issues` are keys of the message; `body` is the whole of it. A message with `issues` is quarantined.',
      '`request.eventName` is the value of ?event= in the ingest URL. `request.text` is a body whose exact text matters. A body that is a list has `results`, one for each message.',
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

/** The file's text: a vector a line, so that a diff shows which one changed. */
export function textOf({ vectors, ...head }: ReturnType<typeof vectorsOf>): string {
  const lines = vectors.map((vector) => JSON.stringify(vector)).join(',\n')
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "vectors": [\n${lines}\n]}\n`
}
