// Hapana's signature (docs.hapana-developers.com, guide "Webhooks"): `X-Hapana-Signature: t=<unix s>,v1=<hex>`,
// HMAC-SHA256 over `<t>.<raw body>`. Several v1 parts occur while a secret is rotated.
import type { SignatureScheme } from '../../core/intake/authenticate.ts'
import { bytesOfHex, hexOf, hmac, verifyHmac } from '../../core/intake/signature.ts'

/** More than a secret rotation needs. A longer header is refused, as each signature in it costs computation. */
const MAX_HEADER_LENGTH = 1000

const MAC_BYTES = 32

/** The scheme. The signature covers the exact bytes of the body, and not the header `X-Hapana-Delivery`. */
export const signature: SignatureScheme = {
  header: 'x-hapana-signature',

  precheck(value, { toleranceSeconds, now }) {
    const { timestamp, macs } = parse(value)
    if (timestamp === undefined || macs.length === 0) return 'signature_malformed'
    return Math.abs(now / 1000 - Number(timestamp)) > toleranceSeconds
      ? 'signature_stale'
      : undefined
  },

  async check(value, bytes, secrets) {
    const { timestamp, macs } = parse(value)
    const signed = signedBytes(timestamp, bytes)
    return (await verifyHmac(signed, macs, secrets)) ? undefined : 'signature_wrong'
  },

  async sign(bytes, secret, now) {
    const timestamp = String(Math.floor(now / 1000))
    const mac = await hmac(signedBytes(timestamp, bytes), secret)
    return `t=${timestamp},v1=${hexOf(mac)}`
  },
}

function signedBytes(timestamp: string | undefined, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const prefix = new TextEncoder().encode(`${timestamp}.`)
  const signed = new Uint8Array(prefix.length + bytes.length)
  signed.set(prefix)
  signed.set(bytes, prefix.length)
  return signed
}

function parse(value: string): { timestamp: string | undefined; macs: Uint8Array[] } {
  if (value.length > MAX_HEADER_LENGTH) return { timestamp: undefined, macs: [] }
  const parts = value.split(',').map((part) => part.trim())
  const timestamp = parts.find((part) => /^t=\d{1,12}$/.test(part))?.slice(2)
  const macs = parts
    .filter((part) => part.startsWith('v1='))
    .map((part) => bytesOfHex(part.slice(3)))
    .filter((mac) => mac?.length === MAC_BYTES)
  return { timestamp, macs: macs.filter((mac) => mac !== undefined) }
}
