// The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), written from the routes and the schemas that they
// check by.
import type { Hono } from 'hono'
import * as v from 'valibot'
import { version } from '../../../package.json'
import { type Description, type Operation, operationOf } from '../operation.ts'
import { PROBLEM_TYPE } from '../problems.ts'
import { type Json, jsonSchema, namedSchemas } from './schema.ts'
import { webhooks } from './webhooks.ts'

/** The operations of an app, with their methods and paths as OpenAPI spells them. */
export type Route = Operation & { description: Description; method: string; path: string }

/** Every route that is described, in the order in which they are declared. */
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
        'Receives the webhooks of Hapana and Hype, keeps them, and delivers them in one vocabulary. Errors are problem details (RFC 9457) with a stable `type`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name })),
    paths,
    webhooks: webhooks(),
    components: {
      schemas: namedSchemas(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'The ADMIN_TOKEN of the relay' },
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
    ...(details === undefined ? {} : { description: details }),
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

/** The first word of its path within the API; what is outside of it is the relay's own. */
function tagOf({ path }: Route): string {
  return /^\/api\/(\w+)/.exec(path)?.[1] ?? 'relay'
}

function pathParameters({ path }: Route): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

/** A query is text, and described as what is read from it: numbers, yes or no, lists of what stands several times. */
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

/** What is said of the items is said of their list; and a default, which is text in a query, as what it is read as. */
function asParameter(property: Json): Json {
  const { type, default: text } = property
  if (typeof text === 'string' && type !== 'string')
    return { ...property, default: JSON.parse(text) }
  if (type !== 'array') return property
  const { description, ...items } = property.items as Json
  return { ...property, items, ...(description === undefined ? {} : { description }) }
}

/** Without a body it is an empty object, which is often too little; what a vendor sends is always there. */
function requestBody({ body, description }: Route): Json {
  if (body === undefined) return {}
  const isNeeded = body === description.takes?.body || !v.is(body, {})
  const content = { 'application/json': { schema: jsonSchema(body, 'input') } }
  return { requestBody: { ...(isNeeded ? { required: true } : {}), content } }
}

/** True for an operation that does something when asked, so that asking twice must not do it twice. */
export function isAct({ method, description }: Route): boolean {
  return method === 'post' && description.isPublic === undefined
}

function idempotency(route: Route): Json[] {
  if (!isAct(route)) return []
  return [
    {
      name: 'Idempotency-Key',
      in: 'header',
      description:
        'Asked again with the same key within a day, it answers the same and does nothing more',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
    },
  ]
}

const PROBLEM = {
  content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
}

/** What each problem means here. */
const PROBLEMS: Record<number, string> = {
  400: 'The query or the body is not as it must be; the title says where',
  401: 'No token, or not this one',
  404: 'There is none',
  405: 'Another method',
  409: 'Not in this state',
  413: 'Too large',
  422: 'The idempotency key was used for something else',
  429: 'Too often; `Retry-After` says when to come again',
  500: 'Something broke on our side',
  503: 'Not now; the title says why',
  508: 'It came through relays too often',
}

/** The problems that an operation may answer, whichever it is. */
function problemsOf({ description, query, body, ...route }: Route): number[] {
  const { isPublic, problems = [] } = description
  const checked = query !== undefined || body !== undefined ? [400] : []
  const guarded = isPublic ? [] : [401, 429, 500, 503]
  const acting = isAct({ description, ...route }) ? [400, 409, 422] : []
  return [...new Set([...checked, ...guarded, ...acting, ...problems])].sort((a, b) => a - b)
}

function responses(route: Route): Json {
  const answers = Object.entries(route.description.answers).map(([status, answer]) => [
    status,
    typeof answer === 'string'
      ? { description: answer }
      : { description: 'Done', content: { 'application/json': { schema: jsonSchema(answer) } } },
  ])
  const problems = problemsOf(route).map((status) => [
    status,
    { description: PROBLEMS[status] ?? 'A problem', ...PROBLEM },
  ])
  return Object.fromEntries([...answers, ...problems])
}
