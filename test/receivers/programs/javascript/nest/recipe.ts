import 'reflect-metadata'
import { Controller, HttpCode, Module, Post, Req, UnauthorizedException } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { NestExpressApplication } from '@nestjs/platform-express'
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

const app = await NestFactory.create<NestExpressApplication>(App, { logger: false, rawBody: true })
app.useBodyParser('json', { limit: '2mb', type: ['application/json', 'application/*+json'] })
await app.listen(process.env.PORT ?? 3000)
