// The steps of an erasure, as they end.

/** What becomes of a step: it is over, it goes on from a place, or it has to wait for something. */
export type StepResult = 'over' | 'waits' | { place: string }
