import express from 'express'
import { Webhook } from 'standardwebhooks'
import { handle } from '../handle.js'

const app = express()
const webhook = new Webhook(process.env.SIGNING_SECRET)

// Before app.use(express.json()), which would take the bytes away.
app.post('/hooks', express.raw({ type: () => true, limit: '2mb' }), (request, response) => {
  try {
    webhook.verify(request.body, request.headers, { jsonParse: false })
  } catch {
    return response.sendStatus(401)
  }
  handle(JSON.parse(String(request.body).replace(/^\ufeff/, '')))
  response.sendStatus(204)
})

app.listen(process.env.PORT)
