import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'
import { handle } from '../handle.js'

const webhook = new Webhook(process.env.SIGNING_SECRET)

createServer(async (request, response) => {
  const body = await buffer(request)
  try {
    webhook.verify(body, request.headers, { jsonParse: false })
  } catch {
    return response.writeHead(401).end()
  }
  handle(JSON.parse(String(body).replace(/^\ufeff/, '')))
  response.writeHead(204).end()
}).listen(process.env.PORT)
