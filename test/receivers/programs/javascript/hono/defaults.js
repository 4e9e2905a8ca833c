import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { handle } from '../handle.js'

const app = new Hono()

app.post('/hooks', async (context) => {
  handle(await context.req.json())
  return context.body(null, 204)
})

serve({ fetch: app.fetch, port: Number(process.env.PORT) })
