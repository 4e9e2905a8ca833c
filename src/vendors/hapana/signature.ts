// Hapana's signature (docs.hapana-developers.com, guide "Webhooks"): `X-Hapana-Signature: t=<unix s>,v1=<hex>`,
// HMAC-SHA256 over `<t>.<raw body>`. Several v1 parts occur while a secret is rotated.
import type { SignatureCheck } from '../../core/proof.ts'
import { bytesOfHex, verifyHmac } from '../../core/signature.ts'

/** Checks the header over the exact bytes; `X-Hapana-Delivery` is not signed and proves nothing. */
export const checkSignature: SignatureCheck = async (headers, bytes, secrets, options) => {
  const header = headers.get('x-hapana-signature')
  if (!header) return 'signature_missing'
  const parts = header.split(',').map((part) => part.trim())
  const timestamp = parts.find((part) => part.startsWith('t='))?.slice(2)
  const macs = parts
    .filter((part) => part.startsWith('v1='))
    .map((part) => bytesOfHex(part.slice(3)))
  const readable = macs.filter((mac) => mac !== undefined)
  if (timestamp === undefined || !/^\d{1,12}$/.test(timestamp) || readable.length === 0) {
    return 'signature_malformed'
  }
  const ageSeconds = Math.abs(options.now / 1000 - Number(timestamp))
  if (ageSeconds > options.toleranceSeconds) return 'signature_stale'
  const prefix = new TextEncoder().encode(`${timestamp}.`)
  const signed = new Uint8Array(prefix.length + bytes.length)
  signed.set(prefix)
  signed.set(bytes, prefix.length)
  return (await verifyHmac(signed, readable, secrets)) ? undefined : 'signature_wrong'
}
