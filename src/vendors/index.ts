// The table of vendors. A new vendor is a folder with `Vendor` in its index.ts, fixtures, and a line here.
import { hapana } from './hapana/index.ts'
import { hype } from './hype/index.ts'
import type { Vendor } from './vendor.ts'

const table = { hapana, hype }

export type VendorId = keyof typeof table
/** Every vendor by its id. */
export const VENDORS: Readonly<Record<VendorId, Vendor>> = table
