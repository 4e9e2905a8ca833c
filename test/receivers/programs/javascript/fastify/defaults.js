import Fastify from 'fastify'
import { handle } from '../handle.js'

const app = Fastify()

app.post('/hooks', async (request, reply) => {
  handle(request.body)
  return reply.code(204).send()
})

await app.listen({ port: Number(process.env.PORT) })
