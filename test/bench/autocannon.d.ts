// What the benches use of autocannon, which brings no types.
declare module 'autocannon' {
  type Request = {
    path: string
    method: 'GET' | 'POST'
    headers: Record<string, string>
    body?: string
    setupRequest?: (request: Request) => Request
  }
  type Result = { non2xx: number; errors: number; timeouts: number }
  type Running = PromiseLike<Result> & {
    on(
      event: 'response',
      listener: (client: unknown, status: number, bytes: number, ms: number) => void,
    ): void
  }
  export default function autocannon(options: {
    url: string
    connections: number
    amount?: number
    duration?: number
    timeout: number
    requests: Request[]
  }): Running
}
