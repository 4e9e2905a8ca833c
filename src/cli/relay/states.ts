// The colours of states: green for what is well, yellow for what waits, red for what has failed.
import type { Paint } from '../table.ts'

const COLOURS: Record<string, ReturnType<Paint>> = {
  accepted: 'green',
  active: 'green',
  delivered: 'green',
  inferred: 'green',
  backing_off: 'yellow',
  held: 'yellow',
  paused: 'yellow',
  pending: 'yellow',
  retrying: 'yellow',
  cancelled: 'dim',
  disabled: 'dim',
  duplicate: 'dim',
  broken: 'red',
  dead: 'red',
  failing: 'red',
  gone: 'red',
  quarantined: 'red',
}

/** The colour of a state of an event, a delivery, a source or a target. */
export const stateColour: Paint = (state) => COLOURS[state]
