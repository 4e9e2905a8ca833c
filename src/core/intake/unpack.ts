// A body that was compressed for its way.
import { err, ok, type Rejection, type Result } from '../result.ts'
import { CONTENT_ENCODING, readUpTo, type VerifiedRequest } from './request.ts'

/**
 * The request with its body unpacked, if its sender says that it is gzip and it begins like gzip; else, and if it cannot
 * be unpacked, the request unchanged. Refuses a body of more than `maxBodyBytes` with `too_large`, and unpacks no further.
 */
export async function unpacked(
  request: VerifiedRequest,
  maxBodyBytes: number,
): Promise<Result<VerifiedRequest, Rejection>> {
  const { bytes } = request
  const encoding = request.headers.get(CONTENT_ENCODING) ?? ''
  if (!/^\s*(x-)?gzip\s*$/i.test(encoding) || bytes[0] !== 0x1f || bytes[1] !== 0x8b)
    return ok(request)
  try {
    const body = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream()
    const content = await readUpTo(maxBodyBytes, body.pipeThrough(new DecompressionStream('gzip')))
    if (content === undefined) return err({ kind: 'too_large', maxBodyBytes })
    const headers = new Headers(request.headers)
    headers.delete(CONTENT_ENCODING)
    return ok({ ...request, headers, bytes: content })
  } catch {
    return ok(request)
  }
}
