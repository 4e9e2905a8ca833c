// Media types (RFC 9110 §8.3): what the `content-type` of a delivery may be, and whether it fits the body.

/** A type or subtype (RFC 6838 §4.2): without `*`, which would be a range of media types. */
const NAME = '[A-Za-z0-9][\\w!#$&^.+-]{0,126}'
const TOKEN = "[!#$%&'*+.^`|~\\w-]+"
const QUOTED = '"(?:[ !#-[\\]-~]|\\\\[ -~])*"'
const MEDIA_TYPE = new RegExp(`^${NAME}/${NAME}(?: *; *${TOKEN}=(?:${TOKEN}|${QUOTED}))*$`)

/** True for a media type with or without parameters, in printable ASCII. */
export function isMediaType(text: string): boolean {
  return MEDIA_TYPE.test(text)
}

/** The charsets that a content type names, in lower case. */
export function charsetsOf(contentType: string): string[] {
  const found = contentType.matchAll(/;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))/gi)
  return [...found].map(([, quoted, plain]) => (quoted ?? plain ?? '').toLowerCase())
}

/** True for the names of UTF-8. */
export function isUtf8(charset: string): boolean {
  return charset === 'utf-8' || charset === 'utf8'
}

/**
 * Why a receiver that obeys a content type would not read this text, which is sent as UTF-8; undefined if it would, and
 * for the name of no charset, which nobody can obey.
 */
export function charsetProblem(contentType: string, text: string): string | undefined {
  const wrong = charsetsOf(contentType).find(
    (charset) => !isUtf8(charset) && misreads(charset, text),
  )
  if (wrong === undefined) return undefined
  return `its content type names the charset "${wrong}", but its bytes are UTF-8: set content_type of the target`
}

function misreads(charset: string, text: string): boolean {
  const decoder = decoderOf(charset)
  if (decoder === undefined) return false
  try {
    return decoder.decode(new TextEncoder().encode(text)) !== text
  } catch {
    return true // bytes that are none in it
  }
}

function decoderOf(charset: string): InstanceType<typeof TextDecoder> | undefined {
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: true })
  } catch {
    return undefined
  }
}

/** True for the content types by which CloudEvents SDKs know an event whose body is the whole of it. */
export function isCloudEventType(contentType: string): boolean {
  return /^application\/cloudevents\b/i.test(contentType)
}
