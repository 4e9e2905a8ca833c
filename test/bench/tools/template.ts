// The rows that the floor of a bench writes.

/** The row of every message, as the relay wrote it for such a message, and the reads before and after. */
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
  /** The contacts of the messages, in turn. */
  contacts: string[]
  targets: string[]
  /** The number of earlier events of the contact that a separate round trip reads; 0 for a type that needs none. */
  history: number
  /** Whether the transaction ends with a query for newer events of the contact. */
  checksOthers: boolean
}
