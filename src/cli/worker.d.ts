// Types of the Workers runtime that the types of the API refer to, for Node programs that call the API.
type D1Database = import('@cloudflare/workers-types').D1Database
type D1PreparedStatement = import('@cloudflare/workers-types').D1PreparedStatement
type D1Result<Row = unknown> = import('@cloudflare/workers-types').D1Result<Row>
type Message<Body> = import('@cloudflare/workers-types').Message<Body>
type MessageSendRequest<Body> = import('@cloudflare/workers-types').MessageSendRequest<Body>
type Queue<Body> = import('@cloudflare/workers-types').Queue<Body>
type R2Bucket = import('@cloudflare/workers-types').R2Bucket
type QueueSendBatchOptions = import('@cloudflare/workers-types').QueueSendBatchOptions
type QueueSendOptions = import('@cloudflare/workers-types').QueueSendOptions
type RateLimit = import('@cloudflare/workers-types').RateLimit

declare module 'cloudflare:workers' {
  export const waitUntil: (promise: Promise<unknown>) => void
}
