// The type of a bench and of its result: figures as data, printed as tables for people or as JSON for programs.

/** The options of the command line for every bench. */
export type Options = {
  /** The seed of all random choices. */
  seed: number
  /** How many times both sides take their turn; undefined for the default of the bench. */
  rounds: number | undefined
  /** The length of one side's turn; undefined for the default of the bench. */
  seconds: number | undefined
  /** Whether to measure also the sizes that take many minutes. */
  full: boolean
  /** The revision of Git that this build is compared with, where one was named. */
  base: string | undefined
  /** Prints a line about the progress. */
  progress: (line: string) => void
}

export type Bench = {
  summary: string
  /** Measures. Throws when it could not; a goal that is missed is a figure like any other. */
  run: (options: Options) => Promise<Result>
}

export type Cell = string | number

/** Figures under a title. A number is printed as it is: the bench rounds it. */
export type Table = { title: string; columns: string[]; rows: Cell[][] }

/** A bound for a figure. */
export type Goal = {
  what: string
  figure: number
  /** The unit after the figure: `×`, `ms`, `KB`. */
  unit: string
  atLeast?: number
  atMost?: number
}

export type Result = {
  /** How the figures were measured. */
  notes: string[]
  tables: Table[]
  goals: Goal[]
}

/** Whether a figure is within its bound. NaN is within none. */
export function isMet({ figure, atLeast, atMost }: Goal): boolean {
  const isEnough = atLeast === undefined || figure >= atLeast
  const isWithin = atMost === undefined || figure <= atMost
  return Number.isFinite(figure) && isEnough && isWithin
}
