// What of the Workers runtime the types of the API stand on, for programs of Node that call it.
import type * as cloudflare from '@cloudflare/workers-types'

declare global {
  type D1Database = cloudflare.D1Database
  type D1PreparedStatement = cloudflare.D1PreparedStatement
  type D1Result<Row = unknown> = cloudflare.D1Result<Row>
  type Message<Body> = cloudflare.Message<Body>
  type MessageSendRequest<Body> = cloudflare.MessageSendRequest<Body>
  type Queue<Body> = cloudflare.Queue<Body>
  type RateLimit = cloudflare.RateLimit
}
