// What is true in a world: what happened to whom, and what a receiver may rightly be told of it.

export type Vendor = 'hapana' | 'hype'

/** What a receiver may rightly be told of something that truly happened. */
export type Truth = {
  /** What happened, in one word: a column of the matrices. */
  what: string
  /** The types that say it. */
  types: readonly string[]
  /** The types that leave it open without saying anything false. */
  open?: readonly string[]
  /** What a payment was for, `none` where nothing was paid: the right word, then others that are right too. */
  kinds?: readonly Kind[]
  /** Why a subscription ended; `other` for a reason that the vocabulary has no word for. */
  reason?: Reason
  /** Money of a purchase or a refund, as decimal text with two places. */
  amount?: string
  status?: string
  /** The status before, undefined where no message was sent of one. */
  previous?: string | undefined
  /** Both halves of a switch have the number of it. */
  switchId?: number
}

export type Kind =
  | 'first_purchase'
  | 'renewal'
  | 'plan_switch'
  | 'donation'
  | 'gift'
  | 'one_time'
  | 'none'

export type Reason = 'plan_switch' | 'price_change' | 'dunning' | 'stopped_by_admin' | 'other'

/** A message that a vendor sends of something that happened. Times in epoch milliseconds. */
export type Message = {
  n: number
  vendor: Vendor
  /** The vendor's type. */
  type: string
  /** The contact: unique in the world. */
  contact: string
  /** The vendor account that it is in: a brand of Hapana, a publisher of Hype. */
  account: string
  human: number
  at: number
  body: Record<string, unknown>
  truth: Truth
  /** A fact happens again, a state only changes: an equal state behind another one is a change. */
  isState: boolean
  /** What the vendor states to tell one from another; equal in repeats alone. */
  identity?: string
  /** Messages of one moment have one number, and no promised order. */
  moment?: number
}

/** One arrival of a message. */
export type Arrival = {
  message: Message
  /** 0 the first one, then its repeats. */
  copy: number
  at: number
  /** The vendor's stamp on it in epoch milliseconds, where its form has one. */
  stamp?: number
  body: string
  headers: Record<string, string>
  query: string
  /** What the relay answered. */
  answer?: Receipt
}

export type Receipt = { id: string; status: string; type: string }

/** What a target got. */
export type Delivered = {
  target: string
  at: number
  event: Event
}

/** An event as its receiver sees it. */
export type Event = {
  id: string
  type: string
  vendor?: string
  vendortype?: string
  personid?: string
  late?: boolean
  possibleduplicate?: boolean
  data: Data
}

export type Data = Record<string, unknown> & {
  inference?: { basis?: string[]; confidence?: string; evidence?: string[] }
}

/** A human with what is known of them by address. */
export type Human = {
  id: number
  given: string
  family: string
  /** Their own address, which nobody else uses. */
  own: string
  phone: string
}

/** All that happened in a world. */
export type Story = {
  seed: number
  humans: Human[]
  arrivals: Arrival[]
  delivered: Delivered[]
  /** The readings of the documents that hold in this world. */
  readings: Record<string, unknown>
}
