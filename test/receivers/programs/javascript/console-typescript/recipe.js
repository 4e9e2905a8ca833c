// The snippet of the console, behind a server.
import { serve } from '@hono/node-server'
import { receive } from './receive.ts'

serve({ fetch: receive, port: Number(process.env.PORT) })
