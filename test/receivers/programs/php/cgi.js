// A web server that runs each request with php-cgi, as CGI/1.1 asks (RFC 3875): node cgi.js FILE
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'

const file = path.resolve(process.argv[2])

createServer(async (request, response) => {
  const body = await buffer(request)
  const headers = Object.entries(request.headers).map(([name, value]) => [
    `HTTP_${name.toUpperCase().replaceAll('-', '_')}`,
    String(value),
  ])
  const php = spawn('php-cgi', [], {
    env: {
      PATH: process.env.PATH,
      SECRET: process.env.SECRET,
      ...Object.fromEntries(headers),
      GATEWAY_INTERFACE: 'CGI/1.1',
      REDIRECT_STATUS: '200',
      REQUEST_METHOD: request.method,
      SCRIPT_FILENAME: file,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: String(body.length),
    },
  })
  php.stdin.on('error', () => undefined)
  php.stdin.end(body)
  const [head = ''] = String(await buffer(php.stdout)).split('\r\n\r\n')
  response.writeHead(Number(/^Status: (\d+)/im.exec(head)?.[1] ?? 200)).end()
}).listen(process.env.PORT)
