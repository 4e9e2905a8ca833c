// The table of formats. A new one is its file and one line here.
import { cloudevents } from './cloudevents.ts'
import type { Format } from './format.ts'
import { raw } from './raw.ts'
import { slack } from './slack.ts'

const table = { cloudevents, raw, slack }

export type FormatId = keyof typeof table
/** Every format by its id. */
export const FORMATS: Readonly<Record<FormatId, Format>> = table
