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
    let event
    try {
      event = webhook.verify(request.payload, request.headers)
    } catch {
      return h.response().code(401)
    }
    handle(event)
    return h.response().code(204)
  },
})

await server.start()
