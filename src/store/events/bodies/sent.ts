// The body of a delivery as it is kept for later attempts, where its event has a large body: as references to that, and what
// is still large compressed.
import { gunzip, gzip } from '../../../core/intake/gzip.ts'
import { refer, resolve } from '../../../core/intake/references.ts'
import { bytesOfBody, isLarge, keepBytes } from '../../../core/intake/request.ts'

/** A text that is compressed: a string in single quotes, which no body is (core/intake/references.ts). */
const PACKED = /^'gzip ([^']*)'$/

/** A body as it is stored. `raw`: the text of the event's own, where that is not in its row. */
export async function packSent(body: string, raw: string | undefined): Promise<string> {
  if (raw === undefined) return body
  const referring = refer(body, raw)
  if (!isLarge({ text: referring })) return referring
  // Bytes that are no UTF-8 are kept in base64: gzip never is.
  const { text } = keepBytes(await gzip(new TextEncoder().encode(referring)))
  return `'gzip ${text}'`
}

/** The body as it was sent. Throws when it refers to what `raw` does not have. */
export async function unpackSent(stored: string, raw: string): Promise<string> {
  return resolve(await decompressSent(stored), raw)
}

/** The body as it was stored, decompressed. Its references stay. Rejects for a text that only looks compressed. */
export async function decompressSent(stored: string): Promise<string> {
  const [, text] = PACKED.exec(stored) ?? []
  if (text === undefined) return stored
  return keepBytes(await gunzip(bytesOfBody({ text, encoding: 'base64' }))).text
}
