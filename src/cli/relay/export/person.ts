// What is exported of a person.
import type { Answer, Api } from '../client.ts'

type Person = Answer<Awaited<ReturnType<Api['people'][':id']['$get']>>>
type Event = Answer<Awaited<ReturnType<Api['events'][':id']['$get']>>>

/** All about a person, for the person who asks for it. `exported_at`: RFC 3339. */
export type PersonExport = { exported_at: string; person: Person; events: Event[] }
