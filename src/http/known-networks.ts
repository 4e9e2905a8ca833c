// The networks from which a token was used: in the memory of this isolate, and in D1 for all others. There, a network is
// a hash with the ADMIN_TOKEN as its key: a new token forgets them all, and no address is stored.
import { hexOf, hmac } from '../core/intake/signature.ts'
import type { Env, Tools } from '../env.ts'
import { keep, keptOf } from '../store/operate/access.ts'

/** What a token permits: everything, or reading. */
export type Role = 'operator' | 'viewer'

const ROLES: readonly Role[] = ['operator', 'viewer']

/** How long a network is known after a token was used there. */
const KNOWN_MS = 30 * 86_400_000

/** How long the answer of D1 is used. Guesses must not become queries. */
const ASKED_MS = 60_000

/** The networks that an isolate remembers; with more, it forgets all of them. */
const MAX_REMEMBERED = 1000

type Memory = { used: Set<string>; asked: Map<string, { roles: readonly Role[]; until: number }> }

/** By the environment, which is one object in an isolate's life. */
const memories = new WeakMap<Env, Memory>()

function memoryOf(env: Env): Memory {
  const memory = memories.get(env) ?? { used: new Set(), asked: new Map() }
  memories.set(env, memory)
  if (memory.used.size > MAX_REMEMBERED) memory.used.clear()
  if (memory.asked.size > MAX_REMEMBERED) memory.asked.clear()
  return memory
}

/** Whether this isolate remembers that the token of a role was used in a network. */
export function isRemembered(env: Env, role: Role, network: string): boolean {
  return memoryOf(env).used.has(`${role} ${network}`)
}

/** The roles whose tokens were used in a network in the last 30 days; none while D1 fails. */
export async function rolesKnownAt(
  env: Env,
  network: string,
  { now, log }: Pick<Tools, 'now' | 'log'>,
): Promise<readonly Role[]> {
  const { asked } = memoryOf(env)
  const known = asked.get(network)
  if (known !== undefined && known.until > now()) return known.roles
  const keys = await Promise.all(ROLES.map((role) => keyOf(env, role, network)))
  const kept: string[] = await keptOf(env.DB, keys, now()).catch((error) => {
    log({ at: 'access', fault: String(error) })
    return []
  })
  const roles = ROLES.filter((_, i) => kept.includes(keys[i] ?? ''))
  asked.set(network, { roles, until: now() + ASKED_MS })
  return roles
}

/** Remembers that the token of a role was used in a network. Writes it to D1 after the answer. */
export function remember(
  env: Env,
  role: Role,
  network: string,
  { now, log, waitUntil }: Pick<Tools, 'now' | 'log' | 'waitUntil'>,
): void {
  memoryOf(env).used.add(`${role} ${network}`)
  const written = keyOf(env, role, network)
    .then((key) => keep(env.DB, key, { until: now() + KNOWN_MS, now: now() }))
    .catch((error) => log({ at: 'access', fault: String(error) }))
  waitUntil(written)
}

async function keyOf({ ADMIN_TOKEN = '' }: Env, role: Role, network: string): Promise<string> {
  const bytes = Uint8Array.from(new TextEncoder().encode(`network ${network}`))
  return `${role} ${hexOf(await hmac(bytes, ADMIN_TOKEN))}`
}
