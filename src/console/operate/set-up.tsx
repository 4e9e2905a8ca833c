// Set-up: the configuration, instructions for vendors, and code for receivers.

import { Copy, NotConfigured, State, Table } from '../components.tsx'
import type { SourceView } from '../views.ts'
import { SNIPPETS } from './snippets.ts'
import { HYPE_STEPS, hapanaLetter } from './vendor-instructions.ts'

/** The configuration of a target, without its URL, which may contain a secret. */
export type TargetConfigView = {
  name: string
  broken: string | null
  events: readonly string[]
  sources: readonly string[] | null
  format: string
  signed: boolean
  enabled: boolean
}

type Issue = { path: string; message: string }

type SetUpView = {
  sources: readonly SourceView[]
  targets: readonly TargetConfigView[]
  errors: readonly Issue[]
  notes: readonly Issue[]
}

/** The page. */
export function SetUp({ sources, targets, errors, notes }: SetUpView) {
  return (
    <>
      <section>
        <h2>Configuration</h2>
        <Issues errors={errors} notes={notes} />
        <TargetTable targets={targets} />
      </section>
      <section>
        <h2>Connect your vendors</h2>
        {sources.length === 0 ? (
          <NotConfigured what="source" />
        ) : (
          sources.map((source) => <Source source={source} />)
        )}
      </section>
      <section>
        <h2>Verify deliveries</h2>
        <p>
          Each delivery is signed by{' '}
          <a href="https://www.standardwebhooks.com" rel="noreferrer">
            Standard Webhooks
          </a>
          . Verify the raw body, before parsing it, with the secret of the target.
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
  if (errors.length + notes.length === 0) return <p class="notice">No errors.</p>
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

function TargetTable({ targets }: { targets: readonly TargetConfigView[] }) {
  if (targets.length === 0) return <NotConfigured what="target" />
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
        { name: 'events', of: ({ events }) => <code>{events.join(', ')}</code> },
        { name: 'sources', of: ({ sources }) => sources?.join(', ') ?? 'all' },
        { name: 'format', of: ({ format, broken }) => broken ?? format },
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
            <dd>each body is signed by the vendor</dd>
          </>
        )}
      </dl>
      {vendor === 'hapana' && <Hapana source={source} />}
      {vendor === 'hype' && <p>{HYPE_STEPS}</p>}
    </article>
  )
}

function Hapana({ source: { name, ingest_url, header } }: { source: SourceView }) {
  return (
    <details>
      <summary>E-mail to Hapana's support</summary>
      <pre id={`letter-${name}`}>{hapanaLetter(ingest_url, header)}</pre>
      <Copy of={`letter-${name}`} />
      <p class="quiet">
        Replace SECRET with the secret, or send the secret through a separate, confidential channel.
      </p>
    </details>
  )
}
