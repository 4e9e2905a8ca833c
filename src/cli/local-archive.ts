// The archive of `npm start`: a local bucket, which wrangler.toml has only where a deployed relay is to have one. wrangler takes
// bindings from a file alone, so it gets a copy of wrangler.toml with the bucket, which follows each edit.
import { readFileSync, rmSync, unwatchFile, watchFile, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from './project.ts'

const SOURCE = path.join(ROOT, 'wrangler.toml')

/** In the folder of wrangler.toml, as the paths in it are relative. */
const COPY = path.join(ROOT, 'wrangler.start.toml')

const LOOK_EVERY_MS = 200

const BUCKET = `

[[r2_buckets]]
binding = "ARCHIVE"
bucket_name = "membership-relay-archive"
`

/**
 * Makes the copy and keeps it up to date, an incomplete edit included, until `stop` deletes it. `args` of `wrangler dev` name
 * it; those with a file of their own are left as they are.
 */
export function withLocalArchive(args: readonly string[]): { args: string[]; stop: () => void } {
  if (args.some((arg) => /^(-c|--config(=.*)?)$/.test(arg))) {
    return { args: [...args], stop: () => undefined }
  }
  copy()
  watchFile(SOURCE, { interval: LOOK_EVERY_MS, persistent: false }, copy)
  return {
    args: ['--config', COPY, ...args],
    stop: () => {
      unwatchFile(SOURCE, copy)
      rmSync(COPY, { force: true })
    },
  }
}

function copy(): void {
  let text: string
  try {
    text = readFileSync(SOURCE, 'utf8')
  } catch {
    return // some editors replace the file: it is there at the next look
  }
  const hasArchive = /^\s*binding\s*=\s*["']ARCHIVE["']/m.test(text)
  writeFileSync(COPY, hasArchive ? text : text + BUCKET)
}
