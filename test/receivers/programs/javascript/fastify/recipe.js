import Fastify from 'fastify'
import { Webhook } from 'standardwebhooks'
import { handle } from '../handle.js'

const app = Fastify({ bodyLimit: 2_000_000 })
const webhook = new Webhook(process.env.SIGNING_SECRET)

// A scope of its own, so that other routes keep the JSON parser.
app.register(async (hooks) => {
  hooks.removeAllContentTypeParsers()
  hooks.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))

  hooks.post('/hooks', async (request, reply) => {
    try {
      webhook.verify(request.body, request.headers, { jsonParse: false })
    } catch {
      return reply.code(401).send()
    }
    handle(JSON.parse(String(request.body).replace(/^\ufeff/, '')))
    return reply.code(204).send()
  })
})

await app.listen({ port: Number(process.env.PORT) })
