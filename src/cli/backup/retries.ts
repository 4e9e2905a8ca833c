// Calls of the API that are made again when the relay does not answer: each of them may be repeated.
import { setTimeout as sleep } from 'node:timers/promises'
import { Unreachable } from '../relay/client.ts'

/** The pauses before the second try and those after it, in milliseconds. */
const PAUSES = [500, 2000, 5000, 15_000]

/** Makes a call, and makes it again when the relay is unreachable. Throws what the last try throws. */
export async function withRetries<T>(call: () => Promise<T>): Promise<T> {
  for (const pause of PAUSES) {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      await sleep(pause)
    }
  }
  return call()
}
