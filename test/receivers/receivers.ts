// The table of all receivers and the exact versions that are measured. main.ts says how one is added.
import type { Kind, Language, Receiver } from './receiver.ts'

type Packages = Record<string, string>

const NPM = { standardwebhooks: '1.1.1' }
const js = rows('javascript', 'framework', NPM)
const NEST = { '@nestjs/common': '12.5.1', 'reflect-metadata': '0.2.2', rxjs: '7.8.2' }
const NODE_SERVER = { '@hono/node-server': '2.1.9' }

const JAVASCRIPT: Receiver[] = [
  js('node', 'Node.js http', {}),
  js('express', 'Express 5', { express: '5.3.0' }),
  { ...js('express-4', 'Express 4', { express: '4.22.3' }), like: 'express' },
  js('nest', 'NestJS', { '@nestjs/core': '12.5.1', '@nestjs/platform-express': '12.5.1', ...NEST }),
  js('nest-fastify', 'NestJS on Fastify', {
    '@nestjs/core': '12.5.1',
    '@nestjs/platform-fastify': '12.5.0',
    ...NEST,
  }),
  js('koa', 'Koa with @koa/bodyparser', { '@koa/bodyparser': '6.1.0', koa: '3.3.0' }),
  js('koa-bodyparser', 'Koa with koa-bodyparser', { 'koa-bodyparser': '4.4.1', koa: '3.3.0' }),
  js('koa-body', 'Koa with koa-body', { 'koa-body': '8.0.1', koa: '3.3.0' }),
  js('fastify', 'Fastify', { fastify: '5.12.8' }),
  js('hono', 'Hono', { hono: '4.13.19', ...NODE_SERVER }),
  js('hapi', 'hapi', { '@hapi/hapi': '21.4.10' }),
  js('h3', 'h3 (Nitro, Nuxt)', { h3: '2.0.8' }),
]

const PYPI = { standardwebhooks: '1.1.0' }
const py = rows('python', 'framework', PYPI)

const PYTHON: Receiver[] = [
  py('flask', 'Flask', { flask: '3.1.3' }),
  py('quart', 'Quart', { quart: '0.22.0' }),
  py('fastapi', 'FastAPI', { fastapi: '0.165.0' }),
  py('starlette', 'Starlette', { starlette: '1.10.0' }),
  py('litestar', 'Litestar', { litestar: '2.25.0' }),
  py('django', 'Django', { django: '5.2.19' }),
  py('rest-framework', 'Django REST framework', {
    djangorestframework: '3.18.3',
    django: '5.2.19',
  }),
  py('falcon', 'Falcon', { falcon: '4.4.0' }),
  py('bottle', 'Bottle', { bottle: '0.13.4' }),
  py('pyramid', 'Pyramid', { pyramid: '2.1' }),
  py('aiohttp', 'aiohttp', { aiohttp: '3.14.5' }),
  py('sanic', 'Sanic', { sanic: '25.12.1' }),
  py('tornado', 'Tornado', { tornado: '6.6.1' }),
]

const GO_MODULE = { 'github.com/standard-webhooks/standard-webhooks/libraries': '0.0.1' }
const go = rows('go', 'framework', GO_MODULE)
const GIN = 'github.com/gin-gonic/gin'
const ECHO = 'github.com/labstack/echo'
const CHI = 'github.com/go-chi'

const GO: Receiver[] = [
  go('net-http', 'net/http', {}),
  go('gin', 'Gin', { [GIN]: '1.12.0' }),
  go('echo', 'Echo 5', { [`${ECHO}/v5`]: '5.4.6' }),
  go('echo-4', 'Echo 4', { [`${ECHO}/v4`]: '4.16.5' }),
  go('chi', 'chi with chi/render', { [`${CHI}/chi/v5`]: '5.5.0', [`${CHI}/render`]: '1.0.3' }),
  go('fiber', 'Fiber', { 'github.com/gofiber/fiber/v3': '3.1.0' }),
]

const CRATE = { standardwebhooks: '1.0.1' }
const RUST_COMMON = {
  ...CRATE,
  http: '1.5.0',
  serde: '1.0.229',
  serde_json: '1.0.154',
  tokio: '1.54.1',
}
const rust = rows('rust', 'framework', RUST_COMMON)

const RUST: Receiver[] = [
  rust('axum', 'axum', { axum: '0.8.9' }),
  rust('actix', 'Actix Web', { 'actix-web': '4.18.1' }),
  rust('rocket', 'Rocket', { rocket: '0.5.2' }),
  rust('warp', 'warp', { warp: '0.4.3' }),
  rust('poem', 'Poem', { poem: '3.1.12' }),
  rust('salvo', 'Salvo', { salvo: '1.1.0' }),
]

const JACKSON = { 'com.fasterxml.jackson.core:jackson-databind': '2.21.4' }
const MAVEN = { 'com.standardwebhooks:standardwebhooks': '1.1.0' }
const java = rows('java', 'framework', MAVEN)

const JAVA: Receiver[] = [
  java('spring', 'Spring Boot', { 'org.springframework.boot:spring-boot-dependencies': '4.0.7' }),
  java('quarkus', 'Quarkus', { 'io.quarkus:quarkus-bom': '3.33.2' }),
  java('micronaut', 'Micronaut', {
    'io.micronaut.platform:micronaut-platform': '4.10.8',
    'io.micronaut:micronaut-http-server-netty': '4.10.15',
  }),
  {
    ...java('javalin', 'Javalin', { 'io.javalin:javalin': '7.2.3', ...JACKSON }),
    fieldsRefused: 500,
  },
]

const FLASK = { flask: '3.1.3' }
const AXUM = { axum: '0.8.9', ...RUST_COMMON }

const VERIFIERS: Receiver[] = [
  verifier('javascript', 'npm-standardwebhooks', 'standardwebhooks (npm)', NPM),
  verifier('javascript', 'npm-svix', 'svix (npm)', { svix: '2.5.0' }),
  verifier('python', 'pypi-standardwebhooks', 'standardwebhooks (PyPI)', { ...PYPI, ...FLASK }),
  verifier('python', 'pypi-svix', 'svix (PyPI)', { svix: '2.9.1', ...FLASK }),
  verifier('go', 'go-standardwebhooks', 'standard-webhooks (Go)', GO_MODULE),
  verifier('go', 'go-svix', 'svix-webhooks (Go)', { 'github.com/svix/svix-webhooks': '1.44.0' }),
  verifier('rust', 'crate-standardwebhooks', 'standardwebhooks (crates.io)', {
    ...CRATE,
    ...AXUM,
  }),
  verifier('rust', 'crate-svix', 'svix (crates.io)', { svix: '2.9.1', ...AXUM }),
  verifier('java', 'maven-standardwebhooks', 'standardwebhooks (Maven)', { ...MAVEN, ...JACKSON }),
  verifier('java', 'maven-svix', 'svix (Maven)', { 'com.svix:svix': '1.99.1', ...JACKSON }),
]

const CLOUDEVENTS: Receiver[] = [
  sdk('javascript', 'npm-cloudevents', 'cloudevents (npm)', { cloudevents: '10.0.0' }),
  sdk('python', 'pypi-cloudevents', 'cloudevents (PyPI)', { cloudevents: '2.2.0', ...FLASK }),
  sdk('go', 'go-cloudevents', 'sdk-go (Go)', { 'github.com/cloudevents/sdk-go/v2': '2.16.2' }),
  sdk('rust', 'crate-cloudevents', 'cloudevents-sdk (crates.io)', {
    'cloudevents-sdk': '0.9.0',
    ...AXUM,
  }),
  sdk('java', 'maven-cloudevents', 'cloudevents (Maven)', {
    'io.cloudevents:cloudevents-http-basic': '4.0.1',
    ...JACKSON,
  }),
]

const CONSOLE = 'src/console/assets/verify'

const SNIPPETS: Receiver[] = [
  {
    ...snippet('javascript', 'console-typescript', 'Console, TypeScript', {
      ...NPM,
      ...NODE_SERVER,
      hono: '4.13.19',
    }),
    copyOf: [`${CONSOLE}/typescript.txt`, 'console-typescript/receive.ts'],
  },
  {
    ...snippet('javascript', 'docs-receiving', 'receiving.md, Node', NPM),
    copyOf: ['docs/receiving.md', 'docs-receiving/recipe.js'],
    port: 9000,
  },
  {
    ...snippet('python', 'console-python', 'Console, Python', { ...PYPI, ...FLASK }),
    copyOf: [`${CONSOLE}/python.txt`, 'console-python/recipe.py'],
  },
  {
    ...snippet('go', 'console-go', 'Console, Go', GO_MODULE),
    copyOf: [`${CONSOLE}/go.txt`, 'console-go/recipe/main.go'],
    port: 8000,
  },
  {
    ...snippet('php', 'console-php', 'Console, PHP under CGI', {}),
    copyOf: [`${CONSOLE}/php.txt`, 'console-php/recipe.php'],
  },
]

/** All receivers, in the order of the tables. */
export const RECEIVERS: readonly Receiver[] = [
  ...JAVASCRIPT,
  ...PYTHON,
  ...GO,
  ...RUST,
  ...JAVA,
  ...VERIFIERS,
  ...CLOUDEVENTS,
  ...SNIPPETS,
]

function rows(language: Language, kind: Kind, common: Packages) {
  return (name: string, title: string, packages: Packages): Receiver => ({
    name,
    title,
    language,
    kind,
    packages: { ...packages, ...common },
  })
}

function verifier(language: Language, name: string, title: string, packages: Packages): Receiver {
  return { language, name, title, packages, kind: 'verifier' }
}

function sdk(language: Language, name: string, title: string, packages: Packages): Receiver {
  return { language, name, title, packages, kind: 'cloudevents' }
}

function snippet(language: Language, name: string, title: string, packages: Packages): Receiver {
  return { language, name, title, packages, kind: 'snippet', path: '/' }
}
