// Erasing a person, step by step: each is small, and can be cut off and done again. Whoever asks again, and the cron, goes on
// where the last one stopped.
import type { Config } from '../../../config.ts'
import type { PersonId } from '../../../core/id.ts'
import { type Erasure, stepAfter } from '../../../core/operate/erasure/erasure.ts'
import type { Env, Tools } from '../../../env.ts'
import { takeContacts } from '../../../store/operate/erasure/begin.ts'
import {
  endErasure,
  getErasure,
  listOpenErasures,
  moveErasure,
  type RunningErasure,
  readErasing,
} from '../../../store/operate/erasure/erasures.ts'
import { eraseElsewhere } from './elsewhere.ts'
import { eraseNextEvents } from './events.ts'
import { forgetOld, REMEMBERED_MS } from './forget.ts'
import { erasePacked } from './packed.ts'
import { eraseSpilled } from './spilled.ts'
import type { StepResult } from './step.ts'
import { tellErased, wasTold } from './tell.ts'

export type ErasingEnv = Pick<Env, 'DB' | 'RETRIES' | 'ARCHIVE'>

/** How long a request, or a run of the cron, works on erasures, in milliseconds. */
const REQUEST_MS = 8000
const RUN_MS = 15_000

/**
 * Begins to erase a person, or continues, for some seconds. Returns how far it is; undefined when the person has no
 * contacts and nobody asked to erase it before.
 */
export async function erasePerson(
  env: ErasingEnv,
  config: Config,
  person: PersonId,
  suppress: boolean,
  tools: Tools,
): Promise<{ erasure: Erasure; isNew: boolean } | undefined> {
  const taken = await takeAll(env.DB, person, suppress, tools)
  const erasure = await getErasure(env.DB, person)
  if (erasure === undefined) return undefined
  const until = tools.now() + REQUEST_MS
  return { erasure: await goOn(env, config, erasure, until, tools), isNew: taken > 0 }
}

/** cron → erasures that are not done; and what is kept of those that are, when its time is over. */
export async function continueErasures(
  env: ErasingEnv,
  config: Config,
  tools: Tools,
): Promise<void> {
  const now = tools.now()
  const until = now + RUN_MS
  const { isAnyOpen, isAnyKept } = await readErasing(env.DB, now - REMEMBERED_MS)
  for (const erasure of isAnyOpen ? await listOpenErasures(env.DB) : []) {
    if (tools.now() >= until) return
    const { person, step, counts } = await goOn(env, config, erasure, until, tools)
    tools.log({ at: 'erasure', person, step, counts })
  }
  if (isAnyKept) await forgetOld(env, newVersion(tools), tools)
}

/** A person's contacts are taken from it; a race may give it another one meanwhile. */
function takeAll(db: D1Database, person: PersonId, suppress: boolean, tools: Tools) {
  return takeContacts(db, person, {
    suppress,
    version: newVersion(tools),
    now: tools.now(),
  })
}

/** Does the next steps until a time, in epoch milliseconds, or until it has to wait. */
async function goOn(
  env: ErasingEnv,
  config: Config,
  begun: RunningErasure,
  until: number,
  tools: Tools,
): Promise<RunningErasure> {
  let erasure = begun
  while (erasure.step !== 'done' && tools.now() < until) {
    const { person, step } = erasure
    const result = await doStep(env, config, erasure, tools)
    if (result === 'waits') break
    if (result !== 'over') await moveErasure(env.DB, person, step, result.place).run()
    else if (stepAfter(step) === 'done') await endErasure(env.DB, person, tools.now())
    else await moveErasure(env.DB, person, stepAfter(step), undefined).run()
    erasure = (await getErasure(env.DB, person)) ?? erasure
  }
  return erasure
}

async function doStep(
  env: ErasingEnv,
  config: Config,
  erasure: RunningErasure,
  tools: Tools,
): Promise<StepResult> {
  switch (erasure.step) {
    case 'events':
      return eraseNextEvents(env, erasure)
    case 'packs':
      return erasePacked(env, erasure, tools)
    case 'elsewhere':
      return eraseElsewhere(env, erasure, tools)
    case 'archive':
      return eraseSpilled(env, erasure)
    case 'tell':
      return tellErased(env, config, erasure, tools)
    case 'told':
      return wasTold(env.DB, erasure, tools)
    case 'done':
      return 'over'
  }
}

/** A random number that no version had before, as far as can be told. */
export function newVersion({ random }: Tools): number {
  return 1 + Math.floor(random() * (2 ** 52 - 1))
}
