// What browsers load for the console: from here and nowhere else. Text modules of wrangler.toml, not part of the code.
/// <reference path="../../console/text-modules.d.ts" />
import pico from '@picocss/pico/css/pico.classless.min.css'
import { Hono } from 'hono/tiny'
import htmx from 'htmx.org/dist/htmx.min.js'
import style from '../../console/assets/console.css'
import script from '../../console/assets/console.js'
import icon from '../../console/assets/icon.svg'

const ASSETS: Record<string, [type: string, text: string]> = {
  'pico.css': ['text/css; charset=utf-8', pico],
  'console.css': ['text/css; charset=utf-8', style],
  'htmx.js': ['text/javascript; charset=utf-8', htmx],
  'console.js': ['text/javascript; charset=utf-8', script],
  'icon.svg': ['image/svg+xml', icon],
}

/** For how long browsers keep them, and may have those of the version before. */
const KEPT_SECONDS = 300

/** The routes of `/console/assets`. */
export function assets() {
  return new Hono().get('/:name', (c) => {
    const [type, text] = ASSETS[c.req.param('name')] ?? []
    if (text === undefined || type === undefined) return c.text('There is nothing here.', 404)
    return c.body(text, 200, {
      'content-type': type,
      'cache-control': `public, max-age=${KEPT_SECONDS}`,
    })
  })
}
