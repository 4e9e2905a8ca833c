// The public texts of refused acts: the API returns them as problems, the console shows them on a page.
import type { Refusal } from '../stages/operate/acts/audit.ts'
import { problem } from './problems.ts'

const PROBLEMS = {
  unknown_event: [404, 'unknown-event'],
  unknown_person: [404, 'unknown-person'],
  unknown_replay: [404, 'unknown-replay'],
  unknown_target: [404, 'unknown-target'],
  not_wanted: [409, 'not-wanted'],
  target_broken: [409, 'target-broken'],
  not_replayable: [409, 'not-replayable'],
  not_renormalizable: [409, 'not-renormalizable'],
  replay_done: [409, 'replay-done'],
  not_splittable: [409, 'not-splittable'],
  same_person: [409, 'same-person'],
  not_erased: [404, 'not-erased'],
  bad_source: [400, 'bad-source'],
  bad_simulation: [400, 'bad-body'],
} as const satisfies Record<Refusal['kind'], readonly [status: number, type: string]>

/** Answers with the problem of a refused act. A refusal without a problem or a text does not compile. */
export function refusalProblem(refusal: Refusal) {
  const [status, type] = PROBLEMS[refusal.kind]
  return problem(status, type, refusalText(refusal))
}

/** Why an act was refused, as a sentence. */
export function refusalText(refusal: Refusal): string {
  switch (refusal.kind) {
    case 'unknown_event':
      return 'No event has this ID.'
    case 'unknown_person':
      return refusal.which === 'this'
        ? 'No person has this ID.'
        : 'The other person is unknown: no person has that ID.'
    case 'unknown_replay':
      return 'No replay has this ID.'
    case 'unknown_target':
      return `Unknown ${refusal.names.length === 1 ? 'target' : 'targets'}: ${refusal.names.join(', ')}.`
    case 'not_wanted':
      return `${refusal.names.join(', ')} never wanted this event: it is sent there only with "force".`
    case 'target_broken':
      return `The configuration of ${refusal.name} has an error: ${refusal.reason}.`
    case 'not_replayable':
      return `An event that is ${refusal.status} cannot be sent.`
    case 'not_renormalizable':
      return 'Only an accepted event whose payload is still stored can be normalized again.'
    case 'replay_done':
      return 'This replay is already done.'
    case 'not_splittable':
      return 'This person has no such contact, or no other contact.'
    case 'same_person':
      return 'Both IDs are those of the same person.'
    case 'not_erased':
      return 'No person with this ID was erased.'
    case 'bad_source':
    case 'bad_simulation':
      return refusal.reason
  }
}
