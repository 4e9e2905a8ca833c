// The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), generated from the routes and the schemas by which
// they validate.
import type { Hono } from 'hono'
import * as v from 'valibot'
import { version } from '../../../package.json'
import { SCHEMA_VERSION } from '../../core/events/event.ts'
import * as basic from '../api/answers/basic.ts'
import { type Description, type Operation, operationOf } from '../operation.ts'
import { PROBLEM_TYPE } from '../problems.ts'
import { type Json, jsonSchema, namedSchemas } from './schema.ts'
import { headers, WEBHOOKS, webhooks } from './webhooks.ts'

/** An operation of the app, with its method in lower case and its path as `/events/{id}`. */
type Route = Operation & { description: Description; method: string; path: string }

/** All routes with a description, in the order of their declaration. */
export function routesOf(app: Pick<Hono, 'routes'>): Route[] {
  const groups = Map.groupBy(app.routes, ({ method, path }) => `${method} ${path}`)
  return [...groups.values()].flatMap((group) => {
    const { description, ...rest } = operationOf(group.map(({ handler }) => handler))
    const [first] = group
    if (first === undefined || description === undefined) return []
    const path = first.path.replace(/:(\w+)/g, '{$1}')
    return [
      { ...description.takes, ...rest, description, method: first.method.toLowerCase(), path },
    ]
  })
}

/** The document of an app's routes. */
export function openApiOf(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operationObject(route) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Membership Relay',
      version,
      description:
        'Receives the webhooks of Hapana and Hype, stores them, and delivers them as events of one vocabulary. Errors are problem details (RFC 9457) with a stable `type`.',
      contact: { name: 'The operator of this relay' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: [...new Set(routes.map(tagOf)), WEBHOOKS].map((name) => ({
      name,
      description: TAGS[name],
    })),
    paths,
    webhooks: webhooks(),
    components: {
      schemas: namedSchemas(),
      parameters: headers(),
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'The ADMIN_TOKEN of the relay, or its VIEWER_TOKEN to read only',
        },
      },
    },
  }
}

function operationObject(route: Route): Json {
  const { summary, details, isPublic } = route.description
  const parameters = [...pathParameters(route), ...queryParameters(route), ...idempotency(route)]
  return {
    operationId: nameOf(route),
    summary,
    description: details,
    tags: [tagOf(route)],
    ...(isPublic ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBody(route),
    responses: responses(route),
  }
}

/** `get-api-events-id-replay`, as one word. */
function nameOf({ method, path }: Route): string {
  const words = [method, ...path.split(/\W+/).filter((word) => word !== '' && word !== 'api')]
  return words
    .map((word, i) => (i === 0 ? word : `${word[0]?.toUpperCase()}${word.slice(1)}`))
    .join('')
}

const TAGS: Record<string, string> = {
  attention: 'What an operator should look at now.',
  deliveries: 'What is owed to each target, and what became of it.',
  drift: "Changes in the form of the vendors' messages.",
  events: 'What the vendors sent, received and normalized.',
  export: 'The log, to keep or to move.',
  import: 'An exported log, into a relay that has received nothing.',
  ledger: 'What became of everything, in numbers that add up.',
  people: 'Contacts of all sources that are the same person.',
  quarantine: 'Messages that are stored and not understood.',
  relay: 'Receiving webhooks, and the relay itself.',
  renormalize: 'Stored events, by the current mapping.',
  replays: 'Sending many deliveries again.',
  simulate: 'Messages as a vendor would send them.',
  sources: 'Where webhooks come from.',
  targets: 'Where events are delivered to.',
  [WEBHOOKS]:
    'What a target gets: one webhook for each type of event, signed by Standard Webhooks.',
}

/** The first part of its path below `/api`; `relay` for all other routes. */
function tagOf({ path }: Route): string {
  return /^\/api\/(\w+)/.exec(path)?.[1] ?? 'relay'
}

/** The placeholders of paths, by tag. */
const PLACEHOLDERS: Record<string, Record<string, v.GenericSchema>> = {
  events: { id: v.pipe(basic.eventId, v.description('The ID of the event')) },
  people: { id: v.pipe(basic.personId, v.description('The ID of the person')) },
  replays: { id: v.pipe(basic.replayId, v.description('The ID of the replay')) },
  sources: { name: v.pipe(basic.source, v.description('The name of the source')) },
  targets: { name: v.pipe(basic.target, v.description('The name of the target')) },
  relay: {
    source: v.pipe(basic.source, v.description('The name of the source')),
    type: v.pipe(basic.eventType, v.description('The type of an event')),
    version: v.pipe(
      v.string(),
      v.description('The version of the schema'),
      v.examples([String(SCHEMA_VERSION)]),
    ),
  },
}

function pathParameters(route: Route): Json[] {
  return [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => {
    const placeholder = PLACEHOLDERS[tagOf(route)]?.[name]
    if (placeholder === undefined) throw new Error(`${route.path}: {${name}} is not described`)
    const { description, ...schema } = jsonSchema(placeholder)
    return { name, in: 'path', required: true, description, schema }
  })
}

/** The parameters of a query, described as they are parsed: numbers, booleans, and lists for repeatable keys. */
function queryParameters({ query }: Route): Json[] {
  if (query === undefined) return []
  const { required = [] } = jsonSchema(query, 'input') as { required?: string[] }
  const { properties = {} } = jsonSchema(query) as { properties?: Record<string, Json> }
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = asParameter(property)
    return {
      name,
      in: 'query',
      ...(description === undefined ? {} : { description }),
      ...(required.includes(name) ? { required: true } : {}),
      schema,
    }
  })
}

/** Moves the description of items to their list, and turns a default from query text into its parsed value. */
function asParameter(property: Json): Json {
  const { type, default: text } = property
  if (typeof text === 'string' && type !== 'string')
    return { ...property, default: JSON.parse(text) }
  if (type !== 'array') return property
  const { description, ...items } = property.items as Json
  return { ...property, items, ...(description === undefined ? {} : { description }) }
}

/** Required unless an empty object is valid: no body counts as that. A webhook always needs one. */
function requestBody({ body, description }: Route): Json {
  if (body === undefined) return {}
  const isNeeded = body === description.takes?.body || !v.is(body, {})
  const content = { 'application/json': { schema: jsonSchema(body, 'input') } }
  return { requestBody: { ...(isNeeded ? { required: true } : {}), content } }
}

/** True for an act: a POST behind the token, which takes an idempotency key. */
function isAct({ method, description }: Route): boolean {
  return method === 'post' && description.isPublic === undefined
}

function idempotency(route: Route): Json[] {
  if (!isAct(route)) return []
  return [
    {
      name: 'Idempotency-Key',
      in: 'header',
      description:
        'A repeated request with the same key within 24 hours gets the same response and does nothing',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
    },
  ]
}

const PROBLEM = {
  content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
}

/** The meaning of each problem status. */
const PROBLEMS: Record<number, string> = {
  400: 'The query or the body is invalid; the title names the field',
  401: 'The token or the secret is missing or wrong',
  403: 'The token permits reading only',
  404: 'Not found',
  405: 'Wrong method',
  409: 'Not possible in the current state; the title gives the reason',
  413: 'Too large',
  422: 'The idempotency key was used for a different request',
  429: 'Too many requests; retry after `Retry-After`',
  500: 'Internal error',
  503: 'Temporarily unavailable; the title gives the reason',
  508: 'Loop: the request has passed through too many relays',
}

/** The statuses of the problems of an operation, those of its kind included. */
function problemsOf({ description, query, body, ...route }: Route): number[] {
  const { isPublic, problems = [] } = description
  const checked = query !== undefined || body !== undefined ? [400] : []
  const guarded = isPublic ? [] : [401, 429, 500, 503]
  const acting = isAct({ description, ...route }) ? [400, 403, 409, 422] : []
  return [...new Set([...checked, ...guarded, ...acting, ...problems])].sort((a, b) => a - b)
}

function responses(route: Route): Json {
  const { answers: described, type = 'application/json' } = route.description
  const answers = Object.entries(described).map(([status, answer]) => [
    status,
    typeof answer === 'string'
      ? { description: answer }
      : { description: 'Done', content: { [type]: { schema: jsonSchema(answer) } } },
  ])
  const problems = problemsOf(route).map((status) => [
    status,
    { description: PROBLEMS[status] ?? 'A problem', ...PROBLEM },
  ])
  return Object.fromEntries([...answers, ...problems])
}
