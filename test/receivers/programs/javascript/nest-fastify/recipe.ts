import 'reflect-metadata'
import { Controller, HttpCode, Module, Post, Req, UnauthorizedException } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { Webhook } from 'standardwebhooks'
import { handle } from '../handle.js'

const webhook = new Webhook(process.env.SIGNING_SECRET ?? '')

@Controller()
class Hooks {
  @Post('hooks')
  @HttpCode(204)
  receive(@Req() request: { rawBody: Buffer; headers: Record<string, string> }) {
    handle(this.verified(request.rawBody, request.headers))
  }

  private verified(body: Buffer, headers: Record<string, string>) {
    try {
      webhook.verify(body, headers, { jsonParse: false })
    } catch {
      throw new UnauthorizedException()
    }
    return JSON.parse(String(body).replace(/^\ufeff/, ''))
  }
}

@Module({ controllers: [Hooks] })
class App {}

const adapter = new FastifyAdapter({ bodyLimit: 2_000_000 })
const options = { logger: false as const, rawBody: true }
const app = await NestFactory.create<NestFastifyApplication>(App, adapter, options)
app.useBodyParser('application/cloudevents+json', { bodyLimit: 2_000_000 }, (_, body, done) => {
  done(null, body)
})
await app.listen(process.env.PORT ?? 3000)
