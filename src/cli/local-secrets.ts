// .dev.vars: the secrets of local development, made where they are missing and never changed.
import { randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseConfig } from '../config.ts'
import { ROOT, readEnvFile } from './project.ts'
import { RECEIVER_PORT } from './receiver.ts'

/** A target whose URL is a secret sends to the local receiver until it is told otherwise. */
const LOCAL_URL = `http://127.0.0.1:${RECEIVER_PORT}/`

/** Adds every missing secret that the variables name to `.dev.vars`; gives all of them, and the names of the new. */
export function ensureLocalSecrets(vars: Record<string, unknown>) {
  const secrets = readEnvFile('.dev.vars')
  const added: string[] = []
  const ensure = (name: string, make: () => string) => {
    if (secrets[name]) return secrets[name]
    added.push(name)
    secrets[name] = make()
    return secrets[name]
  }
  ensure('ADMIN_TOKEN', () => randomBytes(24).toString('base64url'))
  // Whatever asks for a secret gets one that would also do for signing: the configuration says only its name.
  parseConfig(vars, (name, path) =>
    ensure(name, path.endsWith('.url') ? () => LOCAL_URL : freshSecret),
  )
  if (added.length > 0) append(added.map((name) => `${name}="${secrets[name]}"`))
  return { secrets, added }
}

/** A fresh `whsec_…` secret of 24 random bytes, without the two characters that a URL would have to escape. */
export function freshSecret(): string {
  for (;;) {
    const text = randomBytes(24).toString('base64')
    if (!/[+/]/.test(text)) return `whsec_${text}`
  }
}

function append(lines: string[]): void {
  const file = path.join(ROOT, '.dev.vars')
  const isCut = existsSync(file) && !/(^|\n)$/.test(readFileSync(file, 'utf8'))
  appendFileSync(file, `${isCut ? '\n' : ''}${lines.join('\n')}\n`, { mode: 0o600 })
  chmodSync(file, 0o600)
}
