import { H3, readBody, serve } from 'h3'
import { handle } from '../handle.js'

const app = new H3()

app.post('/hooks', async (event) => {
  handle(await readBody(event))
  return new Response(null, { status: 204 })
})

serve(app, { port: Number(process.env.PORT), silent: true })
