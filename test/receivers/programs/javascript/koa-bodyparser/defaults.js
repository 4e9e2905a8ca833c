import Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import { handle } from '../handle.js'

const app = new Koa()
app.use(bodyParser())

app.use((context) => {
  handle(context.request.body)
  context.status = 204
})

app.listen(process.env.PORT)
