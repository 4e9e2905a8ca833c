// Set-up: what to paste where, so that vendors send and receivers verify; and the configuration as it is understood.

import { Copy, Empty, State, Table } from '../components.tsx'
import type { SourceView } from '../views.ts'
import { SNIPPETS } from './snippets.ts'
import { hapanaLetter } from './vendor-instructions.ts'

/** A target as it is configured; never its URL, which may be a secret. */
export type ConfiguredView = {
  name: string
  broken: string | null
  events: readonly string[]
  sources: readonly string[] | null
  format: string
  signed: boolean
  enabled: boolean
}

type Issue = { path: string; message: string }

export type SetUpView = {
  sources: readonly SourceView[]
  targets: readonly ConfiguredView[]
  errors: readonly Issue[]
  notes: readonly Issue[]
}

/** The page. */
export function SetUp({ sources, targets, errors, notes }: SetUpView) {
  return (
    <>
      <section>
        <h2>The configuration, as it is understood</h2>
        <Issues errors={errors} notes={notes} />
        <Configured targets={targets} />
      </section>
      <section>
        <h2>What vendors are given</h2>
        {sources.length === 0 ? (
          <Empty>No source is configured: add one to SOURCES in wrangler.toml, and deploy.</Empty>
        ) : (
          sources.map((source) => <Source source={source} />)
        )}
      </section>
      <section>
        <h2>What receivers do</h2>
        <p>
          Each delivery is signed by{' '}
          <a href="https://www.standardwebhooks.com" rel="noreferrer">
            Standard Webhooks
          </a>
          . Verify the bytes as they came, before they are parsed, with the secret of the target.
        </p>
        {SNIPPETS.map(({ language, code }) => (
          <details>
            <summary>{language}</summary>
            <pre id={`verify-${language}`}>{code}</pre>
            <Copy of={`verify-${language}`} />
          </details>
        ))}
      </section>
    </>
  )
}

function Issues({ errors, notes }: { errors: readonly Issue[]; notes: readonly Issue[] }) {
  if (errors.length + notes.length === 0) return <p class="notice">It has no errors.</p>
  return (
    <ul class="attention">
      {[...errors, ...notes].map(({ path, message }) => (
        <li>
          <code>{path}</code>: {message}
        </li>
      ))}
    </ul>
  )
}

function Configured({ targets }: { targets: readonly ConfiguredView[] }) {
  if (targets.length === 0) {
    return <Empty>No target is configured: add one to TARGETS in wrangler.toml, and deploy.</Empty>
  }
  return (
    <Table
      caption="Targets"
      rows={targets}
      columns={[
        { name: 'target', of: ({ name }) => name },
        {
          name: 'state',
          of: ({ broken, enabled }) => (
            <State name={broken !== null ? 'broken' : enabled ? 'active' : 'disabled'} />
          ),
        },
        { name: 'gets', of: ({ events }) => <code>{events.join(', ')}</code> },
        { name: 'from', of: ({ sources }) => sources?.join(', ') ?? 'all sources' },
        { name: 'as', of: ({ format, broken }) => broken ?? format },
        { name: 'signed', of: ({ signed }) => (signed ? 'yes' : 'no') },
      ]}
    />
  )
}

function Source({ source }: { source: SourceView }) {
  const { name, vendor, state, reason, ingest_url, header, signed } = source
  return (
    <article>
      <h3>
        {name} <State name={state} />
      </h3>
      {reason !== null && <p class="bad">{reason}</p>}
      <dl>
        <dt>ingest URL</dt>
        <dd>
          <code id={`url-${name}`}>{ingest_url}</code> <Copy of={`url-${name}`} />
        </dd>
        {header !== null && (
          <>
            <dt>header</dt>
            <dd>
              <code>{header}</code>, with the secret as its value
            </dd>
          </>
        )}
        {signed && (
          <>
            <dt>signature</dt>
            <dd>the vendor signs each body</dd>
          </>
        )}
      </dl>
      {vendor === 'hapana' && <Hapana source={source} />}
      {vendor === 'hype' && <Hype />}
    </article>
  )
}

function Hapana({ source: { name, ingest_url, header } }: { source: SourceView }) {
  return (
    <details>
      <summary>The e-mail to Hapana's support, ready to send</summary>
      <pre id={`letter-${name}`}>{hapanaLetter(ingest_url, header)}</pre>
      <Copy of={`letter-${name}`} />
      <p class="quiet">
        Put the secret in the place of SECRET; send it by whatever way you agreed for secrets.
      </p>
    </details>
  )
}

function Hype() {
  return (
    <p>
      In Hype's dashboard: <b>Apps</b>, <b>Webhooks</b>, <b>Install</b>. Paste the URL, with the
      secret in the place of SECRET; choose the events contact.created, contact.updated,
      payment.created, payment.updated and payment.deleted; save, and press <b>Simulate</b> to see
      one arrive in the log.
    </p>
  )
}
