import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { Webhook } from 'standardwebhooks'
import { handle } from '../handle.js'

const app = new Hono()
const webhook = new Webhook(process.env.SIGNING_SECRET)

app.post('/hooks', async (context) => {
  const body = Buffer.from(await context.req.arrayBuffer())
  try {
    webhook.verify(body, context.req.header(), { jsonParse: false })
  } catch {
    return context.body(null, 401)
  }
  handle(JSON.parse(String(body).replace(/^\ufeff/, '')))
  return context.body(null, 204)
})

serve({ fetch: app.fetch, port: Number(process.env.PORT) })
