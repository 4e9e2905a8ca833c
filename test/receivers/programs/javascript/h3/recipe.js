import { H3, serve } from 'h3'
import { Webhook } from 'standardwebhooks'
import { handle } from '../handle.js'

const app = new H3()
const webhook = new Webhook(process.env.SIGNING_SECRET)

app.post('/hooks', async ({ req }) => {
  const body = Buffer.from(await req.arrayBuffer())
  try {
    webhook.verify(body, Object.fromEntries(req.headers), { jsonParse: false })
  } catch {
    return new Response(null, { status: 401 })
  }
  handle(JSON.parse(String(body).replace(/^\ufeff/, '')))
  return new Response(null, { status: 204 })
})

serve(app, { port: Number(process.env.PORT), silent: true })
