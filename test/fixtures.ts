// The fixtures of the vendors. All are synthetic: no captured body of either vendor is public. The expected results
// are written by hand from the vendors' documents.

/** One request of a fixture: its body as JSON, or as the exact text. */
export type FixtureRequest = {
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: unknown
  text?: string
}

export type FixtureSource = {
  timezone?: string
  currency?: string
  date_format?: string
  sites?: Record<string, { timezone?: string; currency?: string; date_format?: string }>
  header?: string
  secret?: string[]
  signing_secret?: string[]
  tolerance_seconds?: number
}

export type ExpectedEvent =
  | { status: 'accepted'; event: Record<string, unknown>; warnings?: string[] }
  | { status: 'quarantined'; type: string; vendortype?: string; issues: string[] }

type Base = { vendor: string; name: string; about: string; source?: FixtureSource }
export type EventFixture = Base & { request: FixtureRequest; expected: ExpectedEvent[] }
export type AuthenticationFixture = Base & {
  now: string
  secrets: Record<string, string>
  request: FixtureRequest
  authentication: { ok: true } | { ok: false; cause: string }
}
export type StepsFixture = Base & {
  steps: {
    after_seconds: number
    request: FixtureRequest
    expected: {
      status: string
      matched_by?: string
      of?: number
      possibleduplicate?: boolean
      type?: string
      reason?: string
    }
  }[]
}

const files = import.meta.glob<Record<string, unknown>>('./fixtures/vendors/*/*.json', {
  eager: true,
  import: 'default',
})

const all = Object.entries(files).map(([path, content]) => {
  const [vendor = '', file = ''] = path.split('/').slice(-2)
  return { vendor, name: `${vendor}/${file.replace('.json', '')}`, ...content } as object
})

export const EVENT_FIXTURES = all.filter((f): f is EventFixture => 'expected' in f)
export const AUTHENTICATION_FIXTURES = all.filter(
  (f): f is AuthenticationFixture => 'authentication' in f,
)
export const STEPS_FIXTURES = all.filter((f): f is StepsFixture => 'steps' in f)

/** The exact body of a fixture's request. */
export function bodyOf(request: FixtureRequest): string {
  return request.text ?? JSON.stringify(request.body)
}
