// `npm run chaos`: the relay is killed again and again under load, at moments drawn from a seed, and started again on
// what it left. Whatever was answered 202 must arrive at every target. Talks to this machine only; ends by itself.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { type LocalRelay, launchRelay, migrateLocally } from '../../src/cli/local-relay.ts'

const RELAY_PORT = 8807
const TARGET_PORT = 8808
const EVENTS_PER_SECOND = 10
/** The last kill leaves messages that only the sweep finds again, 90 s after they were due. */
const DRAIN_SECONDS = 150
const TICK_SECONDS = 10

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '4' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    help: { type: 'boolean' },
  },
})

if (values.help) {
  console.log(`npm run chaos -- [--minutes N] [--seed N]

Kills the local relay under load for N minutes (default 4) less the ${DRAIN_SECONDS} s that draining takes, and counts what arrives.
Exit status 1 when anything that was answered 202 is missing.`)
} else {
  process.exitCode = await chaos(Number(values.minutes), Number(values.seed))
}

/** Numbers in [0, 1) that a seed repeats (mulberry32, public domain). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Two targets: `steady` takes everything, `moody` fails or resets every third request. */
async function targets(
  random: () => number,
  got: (target: string, id: string) => void,
): Promise<Server> {
  const server = createServer((request, response) => {
    const target = request.url?.slice(1) ?? ''
    const mood = target === 'moody' ? random() : 1
    request.resume().on('end', () => {
      if (mood < 0.15) return request.socket.destroy()
      if (mood < 0.33) return response.writeHead(500).end('in a mood')
      got(target, String(request.headers['webhook-id']))
      return response.writeHead(204).end()
    })
  })
  server.listen(TARGET_PORT, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function chaos(minutes: number, seed: number): Promise<number> {
  console.log(`seed ${seed}, ${minutes} minutes`)
  const random = randomOf(seed)
  const dir = mkdtempSync(path.join(tmpdir(), 'relay-chaos-'))
  const copies = { steady: new Map<string, number>(), moody: new Map<string, number>() }
  const server = await targets(random, (target, id) => {
    const counts = copies[target as keyof typeof copies]
    counts.set(id, (counts.get(id) ?? 0) + 1)
  })
  const config = ['steady', 'moody'].map((name) => ({
    name,
    url: `http://127.0.0.1:${TARGET_PORT}/${name}`,
    retry: Array.from({ length: 20 }, () => 1),
  }))
  const args = [
    '--persist-to',
    dir,
    '--var',
    `TARGETS:${JSON.stringify(config)}`,
    '--var',
    'HYPE_SECRET:chaos',
  ]
  const start = async () => {
    const relay = launchRelay(RELAY_PORT, args, () => undefined)
    await relay.ready
    return relay
  }
  await migrateLocally(dir)
  let relay: LocalRelay = await start()
  const clock = setInterval(() => void tick(), TICK_SECONDS * 1000)
  const accepted = new Set<string>()
  let refused = 0
  let kills = 0
  const end = Date.now() + Math.max(20, minutes * 60 - DRAIN_SECONDS) * 1000
  const loading = load(end, (id) => (id === undefined ? refused++ : accepted.add(id)))
  while (Date.now() < end) {
    await sleep(2000 + random() * 8000)
    await relay.kill()
    kills++
    relay = await start()
  }
  await loading
  console.log(
    `${kills} kills; ${accepted.size} events accepted, ${refused} requests refused or cut; draining`,
  )
  const missing = await drain(accepted, copies)
  clearInterval(clock)
  await relay.stop()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(dir, { recursive: true, force: true })
  return report(accepted, copies, missing)
}

/** Payments at a steady rate until a time, each told by its id, or as refused when the relay is away. */
async function load(end: number, tell: (id: string | undefined) => void): Promise<void> {
  for (let i = 0; Date.now() < end; i++) {
    const body = {
      publisher_id: 'p',
      id: `c${i}`,
      type: 'payment.created',
      timestamp: 1_800_000_000 + i,
    }
    const url = `http://127.0.0.1:${RELAY_PORT}/in/hype?key=chaos`
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
      .then(async (response) =>
        response.status === 202 ? ((await response.json()) as { id: string }) : undefined,
      )
      .catch(() => undefined)
    tell(answer?.id)
    await sleep(1000 / EVENTS_PER_SECOND)
  }
}

type Copies = Record<'steady' | 'moody', Map<string, number>>

/** Waits until everything has arrived, or for so long that it will not any more; gives what is missing. */
async function drain(accepted: Set<string>, copies: Copies): Promise<string[]> {
  const end = Date.now() + DRAIN_SECONDS * 1000
  const missing = () =>
    [...accepted].flatMap((id) =>
      (['steady', 'moody'] as const)
        .filter((target) => !copies[target].has(id))
        .map((target) => `${id} at ${target}`),
    )
  while (missing().length > 0 && Date.now() < end) await sleep(1000)
  return missing()
}

function report(accepted: Set<string>, copies: Copies, missing: string[]): number {
  console.log('target      events   arrived   copies too many')
  for (const [target, counts] of Object.entries(copies)) {
    const arrived = [...accepted].filter((id) => counts.has(id)).length
    const extra = [...accepted].reduce((sum, id) => sum + Math.max(0, (counts.get(id) ?? 0) - 1), 0)
    const cells = [accepted.size, arrived, extra].map((n) => String(n).padStart(9))
    console.log(`${target.padEnd(9)}${cells.join(' ')}`)
  }
  console.log(
    'A copy too many is one whose answer had come when the relay was killed, before it was recorded.',
  )
  for (const one of missing.slice(0, 20)) console.error(`MISSING ${one}`)
  if (accepted.size === 0) console.error('nothing was accepted: this run says nothing')
  return missing.length === 0 && accepted.size > 0 ? 0 : 1
}

async function tick(): Promise<void> {
  const url = `http://127.0.0.1:${RELAY_PORT}/cdn-cgi/handler/scheduled?cron=${encodeURIComponent('* * * * *')}`
  await fetch(url).catch(() => undefined)
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
