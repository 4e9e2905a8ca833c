import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { handle } from '../handle.js'

createServer(async (request, response) => {
  handle(await json(request))
  response.writeHead(204).end()
}).listen(process.env.PORT)
