import Hapi from '@hapi/hapi'
import { Webhook } from 'standardwebhooks'
import { handle } from '../handle.js'

const server = Hapi.server({ port: process.env.PORT })
const webhook = new Webhook(process.env.SIGNING_SECRET)

server.route({
  method: 'POST',
  path: '/hooks',
  options: { payload: { parse: false, maxBytes: 2_000_000 } },
  handler: (request, h) => {
    try {
      webhook.verify(request.payload, request.headers, { jsonParse: false })
    } catch {
      return h.response().code(401)
    }
    handle(JSON.parse(String(request.payload).replace(/^\ufeff/, '')))
    return h.response().code(204)
  },
})

await server.start()
