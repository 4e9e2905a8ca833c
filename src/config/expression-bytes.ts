// Base64 of text, as UTF-8 in both directions.

/** Characters that are given to one call of a function, whose arguments are on the stack. */
const CHUNK = 8192

/** A text as base64 of its UTF-8. Throws for half a surrogate pair, which UTF-8 cannot express. */
export function encodeText(text: string): string {
  if (!text.isWellFormed())
    throw new Error('the expression encodes a text with half a surrogate pair')
  const bytes = new TextEncoder().encode(text)
  let binary = ''
  for (let at = 0; at < bytes.length; at += CHUNK)
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  return btoa(binary)
}

/** The text of base64. Throws if it is no base64, or if its bytes are not UTF-8. */
export function decodeText(base64: string): string {
  try {
    const bytes = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Error('the expression decodes what is not base64 of UTF-8 text')
  }
}
