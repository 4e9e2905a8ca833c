// The static files of the console; browsers load nothing from elsewhere. They are text modules (wrangler.toml).
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

/** How long browsers cache them; after a deploy, they may use the old ones for that long. */
const CACHE_SECONDS = 300

/** The routes of `/console/assets`. */
export function assets() {
  return new Hono().get('/:name', (c) => {
    const [type, text] = ASSETS[c.req.param('name')] ?? []
    if (text === undefined || type === undefined) return c.text('No such file.', 404)
    return c.body(text, 200, {
      'content-type': type,
      'cache-control': `public, max-age=${CACHE_SECONDS}`,
    })
  })
}
