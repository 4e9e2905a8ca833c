// One delivery: whether its attempt may go out now, and what comes of it.
// D1 is the truth and a message only an alarm clock: one that is not the last alarm set does nothing.
import { type ConfiguredTarget, targetOf } from '../../config.ts'
import { admit, isTroubled, type TargetState } from '../../core/deliveries/breaker.ts'
import { type DeliveryMessage, type HoldReason, isOpen } from '../../core/deliveries/delivery.ts'
import { wishFor } from '../../core/deliveries/routing.ts'
import { isBroken, SETTLING } from '../../core/deliveries/target.ts'
import type { MembershipEvent } from '../../core/events/event.ts'
import { isSystemEvent } from '../../core/events/system-event.ts'
import { RAW_GONE } from '../../core/intake/request.ts'
import { FORMATS } from '../../formats/index.ts'
import type { Owed } from '../../store/deliveries/deliveries.ts'
import { updateEvents } from '../../store/events/update-events.ts'
import { settledEvent } from '../events/meaning.ts'
import { attemptDelivery, faultOf } from './attempt.ts'
import { letNextGo, type Stage, sendAgain } from './batch.ts'
import { awaitNear, TURN_RESERVED } from './rate-limit.ts'
import { conclude, isUnsure } from './record-outcome.ts'

/**
 * Does what a message asks for, if its delivery still waits for that. Leaves its place before its end where the next
 * request may go out already. Throws when the outcome cannot be recorded.
 */
export async function settle(
  stage: Stage,
  message: DeliveryMessage,
  owed: Owed | undefined,
  leave: () => void,
): Promise<void> {
  const { config, lane, tools, record, healths } = stage
  if (owed === undefined || !isOpen(owed)) return
  if (owed.attempt !== message.attempt || owed.due !== message.due) return
  if (!(await awaitNear(owed.due, tools.now()))) return await sendAgain(stage, message)
  const { event, attempt } = owed
  const target = targetOf(config, message.target)
  const row = { event, target: message.target, attempt }
  if (target === undefined) {
    return record({ ...row, state: 'cancelled', reason: 'its target is no longer configured' })
  }
  const hold = (reason: HoldReason) => record({ ...row, state: 'held', reason, due: owed.due })
  // As long as nobody knows whether the target wants it, it is held as what must be asked for.
  const holdAsIs = (reason: HoldReason) => hold(isUnsure(owed) ? 'broken' : reason)
  if (isBroken(target)) return hold('broken')
  if (!target.enabled) return holdAsIs('disabled')
  // Before its target is asked, whose fault would cost it an attempt.
  const health = healths.of(target.name)
  if (admit(health, tools.now()) === 'hold') return holdAsIs(holdReason(health.state))
  // It was planned when nobody could tell whether the target wants it, or when it said something else.
  const settled = await settleMeaning(stage, owed)
  const mustAsk = isUnsure(owed) || settled.isSettled
  const wish = mustAsk ? await wishFor(settled.content, target) : 'yes'
  const needless = wish === 'no' ? 'its target does not want it' : impossible(target, settled)
  if (needless !== undefined) {
    await record({ ...row, state: 'cancelled', reason: needless })
    return target.ordered ? letNextGo(stage, owed) : undefined
  }
  if (typeof wish !== 'string') {
    return conclude(stage, target, settled, faultOf(`its where failed: ${wish.fault}`), false)
  }
  if (lane === 'deliveries' && isTroubled(health)) return passOn(stage, owed)
  if (owed.precedence.mustWait) {
    await hold('order')
    // What it waits for may have been done with since it was loaded.
    return letNextGo(stage, owed)
  }
  // Last, as it may take the one probe that a target gets.
  const admission = await healths.admit(target.name)
  if (admission === 'hold') return hold(holdReason(healths.of(target.name).state))
  const turn = await stage.turns(target, owed)
  if (!(await awaitNear(turn, tools.now()))) {
    await record({ ...row, state: owed.state, reason: TURN_RESERVED, due: turn })
    return sendAgain(stage, { ...message, due: turn })
  }
  const attempted =
    lane === 'dead'
      ? faultOf('its handling was cut off each time it was tried')
      : await attemptDelivery(target, settled, tools)
  // Such a success teaches nothing that another must wait for, and all that is left to do is its record.
  const isExpected = attempted.outcome.error === undefined && !isTroubled(healths.of(target.name))
  if (isExpected && !target.ordered && tools.inHand.areRecordsTaken()) leave()
  await conclude(stage, target, settled, attempted, admission === 'probe')
}

/**
 * Leaves a delivery to the queue for trouble. By a new alarm: where the queue of first attempts has the message twice,
 * the other one does nothing.
 */
async function passOn(stage: Stage, owed: Owed & { due: number }): Promise<void> {
  const { event, target, attempt, state, reason, due } = owed
  const alarm = Math.max(due + 1, stage.tools.now())
  await stage.record({ event, target, attempt, state, reason, due: alarm })
  return sendAgain(stage, { event, target, attempt, due: alarm })
}

/** What the event means by now, where that may change; what a target was told once stays. The log keeps what is told. */
async function settleMeaning({ env }: Stage, owed: Owed): Promise<Owed> {
  const { content, contact, frozen } = owed
  if (frozen || contact === undefined || isSystemEvent(content)) return owed
  if (!SETTLING.includes(content.type)) return owed
  const { personid, possibleduplicate, ...event } = content
  const settled = await settledEvent(env.DB, event as MembershipEvent, contact)
  if (JSON.stringify(settled) !== JSON.stringify(event)) {
    await updateEvents(env.DB, [{ event: settled, contact }])
  }
  const told = {
    ...settled,
    ...(personid === undefined ? {} : { personid }),
    ...(possibleduplicate === undefined ? {} : { possibleduplicate }),
  }
  return { ...owed, content: told as MembershipEvent, isSettled: true }
}

/** Why no attempt can ever be made: of an old event the bytes are gone. What was sent once is kept and sent again. */
function impossible(target: ConfiguredTarget, { frozen, raw }: Owed): string | undefined {
  const needsRaw = target.transform === undefined && FORMATS[target.format].needsRaw
  return needsRaw && frozen === undefined && raw === undefined ? RAW_GONE : undefined
}

function holdReason(state: TargetState): HoldReason {
  return state === 'active' ? 'open' : state
}
