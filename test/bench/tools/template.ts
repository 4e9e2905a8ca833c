// What the floor of a bench is told to write.

/** What it writes of every message: a row as the relay wrote it of such a message, and how much is read before that. */
export type Template = {
  /** The columns of `events` that are the same in every row. */
  row: {
    source: string
    vendor: string
    type: string
    vendor_type: string
    event: string
    headers: string
    event_name: string | null
  }
  /** Whom the messages are about, in turn. */
  contacts: string[]
  targets: string[]
  /** How many earlier events of the contact are read in a round trip of its own; 0 for a type that needs none. */
  history: number
  /** Whether the transaction ends with a question for what else came of this contact. */
  asks: boolean
}
