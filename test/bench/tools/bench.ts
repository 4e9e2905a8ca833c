// What a bench is, and what it gives: figures as data, printed as tables for people or as JSON for programs.

/** What the command line asks of every bench. */
export type Options = {
  /** Decides everything that is random. */
  seed: number
  /** How many times both sides take their turn; a bench has its own number unless told. */
  rounds: number | undefined
  /** How long one side's turn takes; a bench has its own length unless told. */
  seconds: number | undefined
  /** Whether sizes are measured too that take many minutes. */
  full: boolean
  /** Tells whoever waits what is being done. */
  tell: (line: string) => void
}

export type Bench = {
  summary: string
  /** Measures. Throws when it could not; a goal that is missed is a figure like any other. */
  run: (options: Options) => Promise<Result>
}

export type Cell = string | number

/** Figures under a title. A number is printed as it is: whoever makes the table rounds it. */
export type Table = { title: string; columns: string[]; rows: Cell[][] }

/** A bound that a figure is to keep. */
export type Goal = {
  what: string
  figure: number
  /** How the figure is told: `×`, `ms`, `KB`. */
  unit: string
  atLeast?: number
  atMost?: number
}

export type Result = {
  /** What the figures rest on: what was counted, and how. */
  notes: string[]
  tables: Table[]
  goals: Goal[]
}

/** Whether a figure keeps its bound. What is no number keeps none. */
export function isMet({ figure, atLeast, atMost }: Goal): boolean {
  const isEnough = atLeast === undefined || figure >= atLeast
  const isWithin = atMost === undefined || figure <= atMost
  return Number.isFinite(figure) && isEnough && isWithin
}
