import Hapi from '@hapi/hapi'
import { handle } from '../handle.js'

const server = Hapi.server({ port: process.env.PORT })

server.route({
  method: 'POST',
  path: '/hooks',
  handler: (request, h) => {
    handle(request.payload)
    return h.response().code(204)
  },
})

await server.start()
