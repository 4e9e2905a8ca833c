// PHP under CGI, as on shared hosting: `cgi.js` is the web server.
import path from 'node:path'
import type { Toolchain } from './toolchain.ts'

export const php: Toolchain = {
  needs: ['php-cgi'],
  version: ['php-cgi', '--version'],
  install: async () => undefined,
  fileOf: ({ name }, mode) => `${name}/${mode}.php`,
  startOf: (folder, { name }, mode) => ({
    command: process.execPath,
    args: [path.join(folder, 'cgi.js'), path.join(folder, name, `${mode}.php`)],
  }),
}
