// CPU time of a Worker's isolate while something happens, by V8's sampling profiler over the runtime's inspector.

type Profile = {
  nodes: { id: number; callFrame: { functionName: string } }[]
  samples: number[]
  timeDeltas: number[]
}

const SAMPLING_MICROSECONDS = 200

/** CPU milliseconds of one Worker during some work: of its JavaScript and what that calls, not of D1 or the queues. */
export async function cpuMsDuring(
  inspector: URL,
  worker: string,
  work: () => Promise<void>,
): Promise<number> {
  const { send, close } = await attach(inspector, worker)
  try {
    await send('Profiler.enable')
    await send('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS })
    await send('Profiler.start')
    await work()
    const { profile } = (await send('Profiler.stop')) as { profile: Profile }
    return activeMs(profile)
  } finally {
    close()
  }
}

/** The time in JavaScript and garbage collection: `(program)` includes the runtime's own waiting. */
function activeMs({ nodes, samples, timeDeltas }: Profile): number {
  const waiting = new Set(
    nodes
      .filter(({ callFrame }) => /^\((idle|program)\)$/.test(callFrame.functionName))
      .map(({ id }) => id),
  )
  const active = timeDeltas.filter((_, i) => !waiting.has(samples[i] ?? 0))
  return active.reduce((sum, microseconds) => sum + microseconds, 0) / 1000
}

async function attach(inspector: URL, worker: string) {
  const list = (await (
    await fetch(new URL('/json', inspector.href.replace(/^ws/, 'http')))
  ).json()) as {
    id: string
    webSocketDebuggerUrl: string
  }[]
  const target = list.find(({ id }) => id.endsWith(worker))
  if (target === undefined) throw new Error(`the inspector has no ${worker}`)
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  const waiting = new Map<number, (answer: { result?: unknown; error?: object }) => void>()
  socket.addEventListener('message', ({ data }) => {
    const { id, ...answer } = JSON.parse(String(data))
    waiting.get(id)?.(answer)
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  let last = 0
  const send = (method: string, params: object = {}) =>
    new Promise<unknown>((resolve, reject) => {
      const id = ++last
      waiting.set(id, ({ result, error }) =>
        error ? reject(new Error(`${method}: ${JSON.stringify(error)}`)) : resolve(result),
      )
      socket.send(JSON.stringify({ id, method, params }))
    })
  return { send, close: () => socket.close() }
}
