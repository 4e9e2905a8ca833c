import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { HTTP } from 'cloudevents'
import { handle } from '../handle.js'

createServer(async (request, response) => {
  const body = await text(request)
  try {
    handle(HTTP.toEvent({ headers: request.headers, body }))
  } catch {
    return response.writeHead(400).end()
  }
  response.writeHead(204).end()
}).listen(process.env.PORT)
