// A Worker of a few lines in the simulation's machine, to try what the machine refuses.
import type { Consumer, Tree } from '../../weather/machine/build.ts'
import { Clock } from '../../weather/machine/clock.ts'
import type { World } from '../../weather/machine/isolate.ts'
import { Random } from '../../weather/machine/random.ts'
import { Relay } from '../../weather/machine/relay.ts'
import { Sky } from '../../weather/machine/sky.ts'

const consumer = (queue: string, deadLetterQueue?: string): Consumer => ({
  ...{
    queue,
    batchSize: 10,
    batchTimeoutMs: 1000,
    maxRetries: 2,
    retryDelaySeconds: 1,
    concurrency: 10,
    deadLetterQueue,
  },
})

const QUEUES = ['work', 'dead']

/** A relay whose Worker is `handlers`: the properties of an object, as source text. */
export function tinyRelay(handlers: string, plan: 'paid' | 'free' = 'paid') {
  const tree: Tree = {
    dir: '.',
    code: `const seen = []; module.exports.default = { ${handlers} }`,
    migrations: [],
    consumers: [consumer('work', 'dead'), consumer('dead')],
    producers: new Map(QUEUES.map((name) => [name.toUpperCase(), name])),
    retentionSeconds: 86_400,
    cli: async () => 0,
  }
  const clock = new Clock(Date.UTC(2027, 0, 1))
  const limits: string[] = []
  const logs: string[] = []
  const sky = new Sky()
  sky.repeats = 0
  const world: World = {
    ...{ clock, sky, plan, random: new Random('tiny') },
    fetch: () => Promise.reject(new Error('there is no network')),
    log: (_isolate, line) => void logs.push(line),
    onCut: (isolate) => relay.replace(isolate),
    onLimit: (what) => void limits.push(what),
    onFlood: () => {},
  }
  const relay: Relay = new Relay(
    world,
    { tree, vars: {} },
    { isolates: 1, skewMs: () => 0, hasArchive: false, retentionSeconds: tree.retentionSeconds },
  )
  relay.database.migrate('CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT) STRICT')
  /** What the Worker answers. */
  async function ask(): Promise<string> {
    let text = 'nothing'
    const answer = relay
      .request(new Request('https://relay.example.com/'))
      .then(async (response) => {
        text = (await response?.text()) ?? 'cut off'
      })
    await clock.turnUntil(clock.now + 60_000)
    await Promise.race([answer, clock.turnUntil(clock.now)])
    return text
  }
  return { relay, clock, limits, logs, sky, ask }
}

/** The source text of a Worker that runs a body and answers with its result, or with its error. */
export const answering = (body: string) => `async fetch(request, env) {
  try { return new Response(String(await (async () => { ${body} })())) }
  catch (error) { return new Response(String(error)) }
}`
