import 'reflect-metadata'
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { handle } from '../handle.js'

@Controller()
class Hooks {
  @Post('hooks')
  @HttpCode(204)
  receive(@Body() event: unknown) {
    handle(event)
  }
}

@Module({ controllers: [Hooks] })
class App {}

const app = await NestFactory.create(App, new FastifyAdapter(), { logger: false })
await app.listen(process.env.PORT ?? 3000)
