import { H3, serve } from 'h3'
import { Webhook } from 'standardwebhooks'
import { handle } from '../handle.js'

const app = new H3()
const webhook = new Webhook(process.env.SIGNING_SECRET)

app.post('/hooks', async ({ req }) => {
  const body = Buffer.from(await req.arrayBuffer())
  let event
  try {
    event = webhook.verify(body, Object.fromEntries(req.headers))
  } catch {
    return new Response(null, { status: 401 })
  }
  handle(event)
  return new Response(null, { status: 204 })
})

serve(app, { port: Number(process.env.PORT), silent: true })
