import { buffer } from 'node:stream/consumers'
import Koa from 'koa'
import { Webhook } from 'standardwebhooks'
import { handle } from '../handle.js'

const app = new Koa()
const webhook = new Webhook(process.env.SIGNING_SECRET)

// Before app.use(bodyParser()), which would take the bytes away.
app.use(async (context, next) => {
  if (context.path !== '/hooks') return next()
  const body = await buffer(context.req)
  try {
    webhook.verify(body, context.headers, { jsonParse: false })
  } catch {
    return context.throw(401)
  }
  handle(JSON.parse(String(body).replace(/^\ufeff/, '')))
  context.status = 204
})

app.listen(process.env.PORT)
