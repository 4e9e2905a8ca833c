import express from 'express'
import { handle } from '../handle.js'

const app = express()
app.use(express.json())

app.post('/hooks', (request, response) => {
  handle(request.body)
  response.sendStatus(204)
})

app.listen(process.env.PORT)
