// The table of vendors. A new one is its file, its fixtures and one line here.
import { hapana } from './hapana/index.ts'
import { hype } from './hype/index.ts'
import type { Vendor } from './vendor.ts'

const table = { hapana, hype }

export type VendorId = keyof typeof table
/** Every vendor by its id. */
export const VENDORS: Readonly<Record<VendorId, Vendor>> = table
