// The secrets of local development, in .dev.vars. Missing ones are generated; existing ones are never changed.
import { randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseConfig } from '../config.ts'
import { ROOT, readEnvFile } from './project.ts'
import { RECEIVER_PORT } from './receiver.ts'

/** The generated value of a secret that holds the URL of a target: the local receiver. */
const LOCAL_URL = `http://127.0.0.1:${RECEIVER_PORT}/`

/** Adds every missing secret that the variables name to `.dev.vars`. Returns all secrets, and the names of the new ones. */
export function ensureLocalSecrets(vars: Record<string, unknown>) {
  const secrets = readEnvFile('.dev.vars')
  const added: string[] = []
  const ensure = (name: string, generate: () => string) => {
    if (secrets[name]) return secrets[name]
    added.push(name)
    secrets[name] = generate()
    return secrets[name]
  }
  ensure('ADMIN_TOKEN', () => randomBytes(24).toString('base64url'))
  // The configuration only has the name of a secret, not its purpose, so each one is also valid as a signing secret.
  parseConfig(vars, (name, path) =>
    ensure(name, path.endsWith('.url') ? () => LOCAL_URL : newSecret),
  )
  if (added.length > 0) append(added.map((name) => `${name}="${secrets[name]}"`))
  return { secrets, added }
}

/** A `whsec_…` secret of 24 random bytes, without the characters + and /, which would be escaped in a URL. */
function newSecret(): string {
  for (;;) {
    const text = randomBytes(24).toString('base64')
    if (!/[+/]/.test(text)) return `whsec_${text}`
  }
}

function append(lines: string[]): void {
  const file = path.join(ROOT, '.dev.vars')
  const lacksLineBreak = existsSync(file) && !/(^|\n)$/.test(readFileSync(file, 'utf8'))
  appendFileSync(file, `${lacksLineBreak ? '\n' : ''}${lines.join('\n')}\n`, { mode: 0o600 })
  chmodSync(file, 0o600)
}
