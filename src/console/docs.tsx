// The API documentation: the OpenAPI document as a page, without a script.
import type { Child } from 'hono/jsx'
import { outline } from './schema-outline.ts'

/** The parts of an OpenAPI document that the page shows. */
export type ApiDocument = {
  info: { title: string; version: string; description: string }
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, ApiOperation>>
  webhooks: Record<string, { post: ApiOperation }>
  components: { schemas: Record<string, object>; parameters: Record<string, Parameter> }
}
type Parameter = {
  name: string
  in: string
  description?: string
  required?: true
  schema: object
}
type ApiOperation = {
  operationId: string
  summary: string
  description: string
  tags: string[]
  security?: unknown[]
  parameters?: (Parameter | { $ref: string })[]
  requestBody?: { content: Content }
  responses: Record<string, { description: string; content?: Content }>
}
type Content = Record<string, { schema: object }>

/** The page as HTML. */
export function docsPage(api: ApiDocument): string {
  return `<!doctype html>${Page({ api })}`
}

function Page({ api }: { api: ApiDocument }) {
  const { info, tags, paths, webhooks, components } = api
  const operations = [
    ...Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
    ),
    ...Object.entries(webhooks).map(([path, { post }]) => ({
      method: 'to you',
      path,
      operation: post,
    })),
  ]
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${info.title}: API`}</title>
        <link rel="stylesheet" href="/docs.css" />
      </head>
      <body>
        <header>
          <h1>{info.title}</h1>
          <p>
            <Prose text={info.description} /> Version {info.version}. OpenAPI document:{' '}
            <a href="/openapi.json">openapi.json</a>.
          </p>
          <nav>
            {tags.map(({ name }) => (
              <a href={`#${name}`}>{name}</a>
            ))}
            <a href="#schemas">schemas</a>
          </nav>
        </header>
        <main>
          {tags.map(({ name, description }) => (
            <section id={name}>
              <h2>{name}</h2>
              <p>
                <Prose text={description} />
              </p>
              {operations
                .filter(({ operation }) => operation.tags[0] === name)
                .map((one) => (
                  <Operation {...one} shared={components.parameters} />
                ))}
            </section>
          ))}
          <section id="schemas">
            <h2>schemas</h2>
            {Object.entries(components.schemas).map(([name, schema]) => (
              <Fold id={`schema-${name}`} title={<code>{name}</code>}>
                <pre>{outline(schema)}</pre>
              </Fold>
            ))}
          </section>
        </main>
      </body>
    </html>
  )
}

function Operation({
  method,
  path,
  operation,
  shared,
}: {
  method: string
  path: string
  operation: ApiOperation
  shared: Record<string, Parameter>
}) {
  const { operationId, summary, description, requestBody, responses } = operation
  const parameters = (operation.parameters ?? []).flatMap((one) =>
    '$ref' in one ? (shared[one.$ref.split('/').at(-1) ?? ''] ?? []) : one,
  )
  const title = (
    <>
      <b class={method}>{method.toUpperCase()}</b> <code>{path}</code>
      {summary === path ? (
        ''
      ) : (
        <span>
          <Prose text={summary} />
        </span>
      )}
    </>
  )
  return (
    <Fold id={operationId} title={title}>
      <p>
        <Prose text={description} />
      </p>
      {operation.security === undefined ? <p>Requires the bearer token.</p> : ''}
      {parameters.length === 0 ? (
        ''
      ) : (
        <table>
          {parameters.map(({ name, in: place, required, schema, description: text }) => (
            <tr>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>
                {place}
                {required ? ', required' : ''}
              </td>
              <td>
                <code>{outline(schema)}</code>
              </td>
              <td>
                <Prose text={text ?? ''} />
              </td>
            </tr>
          ))}
        </table>
      )}
      {requestBody === undefined ? '' : <Body name="Body" content={requestBody.content} />}
      {Object.entries(responses).map(([status, { description: text, content }]) => (
        <Body name={`${status}: ${text}`} content={content} />
      ))}
    </Fold>
  )
}

function Body({ name, content = {} }: { name: string; content?: Content | undefined }) {
  return (
    <>
      <h4>
        <Prose text={name} />
      </h4>
      {Object.entries(content).map(([type, { schema }]) =>
        type === 'application/problem+json' ? '' : <pre>{outline(schema)}</pre>,
      )}
    </>
  )
}

/** Text with `code` in it. */
function Prose({ text }: { text: string }) {
  return <>{text.split('`').map((part, i) => (i % 2 === 0 ? part : <code>{part}</code>))}</>
}

function Fold({ id, title, children }: { id: string; title: Child; children: Child }) {
  return (
    <details id={id}>
      <summary>{title}</summary>
      {children}
    </details>
  )
}
