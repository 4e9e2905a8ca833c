import Koa from 'koa'
import { koaBody } from 'koa-body'
import { handle } from '../handle.js'

const app = new Koa()
app.use(koaBody())

app.use((context) => {
  handle(context.request.body)
  context.status = 204
})

app.listen(process.env.PORT)
