// A relay that outlives its wrangler.toml: `wrangler dev` ends when it reads a file that names no Worker, and an
// editor that empties the file before it writes it gives it such a one to read.
import { statSync } from 'node:fs'
import path from 'node:path'
import type { LocalRelay } from './local-relay.ts'
import { ROOT, readProject } from './project.ts'
import { UserError } from './user-error.ts'

const CONFIG_FILE = path.join(ROOT, 'wrangler.toml')
const LOOK_EVERY_MS = 200

/**
 * Launches a relay, and launches it again whenever it ends after an edit of wrangler.toml, as soon as the file is
 * whole. `ready` is that of the first launch. `ended` resolves when the relay ends and no edit can be the reason.
 * `print` receives a line for each end and each start.
 */
export function launchLastingRelay(
  launch: () => LocalRelay,
  print: (line: string) => void,
): Omit<LocalRelay, 'kill'> {
  let edit = lastEdit()
  let relay = launch()
  let isStopped = false
  const { ready } = relay

  const last = async (): Promise<void> => {
    for (;;) {
      await relay.ended
      if (isStopped || lastEdit() === edit) return
      print(
        'The relay ended because wrangler.toml was edited. Waiting until the file is complete …',
      )
      await restart()
      if (isStopped) return
      print('The relay runs again.')
    }
  }
  const restart = async (): Promise<void> => {
    for (;;) {
      edit = await completeEdit(() => isStopped, print)
      if (isStopped) return
      relay = launch()
      const failure = await relay.ready.then(
        () => undefined,
        (error: Error) => error.message,
      )
      if (failure === undefined || isStopped) return
      await relay.stop()
      print(`${failure} Waiting for the next edit of wrangler.toml …`)
      while (!isStopped && lastEdit() === edit) await pause()
    }
  }

  return {
    ready,
    ended: ready.then(last, () => undefined),
    stop: () => {
      isStopped = true
      return relay.stop()
    },
  }
}

/** Waits until wrangler.toml can be read and was not edited between two looks; returns that edit. */
async function completeEdit(isStopped: () => boolean, print: (line: string) => void) {
  let printed = ''
  for (;;) {
    const edit = lastEdit()
    const fault = faultOfProject()
    await pause()
    if (isStopped()) return edit
    if (lastEdit() !== edit) continue
    if (fault === undefined) return edit
    if (fault !== printed) print(fault)
    printed = fault
  }
}

/** Why wrangler.toml cannot be used, in a sentence; undefined when it can. */
function faultOfProject(): string | undefined {
  try {
    readProject(CONFIG_FILE)
    return undefined
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return error.message
  }
}

/** When wrangler.toml was last written, in milliseconds since 1970; undefined while there is no such file. */
function lastEdit(): number | undefined {
  return statSync(CONFIG_FILE, { throwIfNoEntry: false })?.mtimeMs
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
}
