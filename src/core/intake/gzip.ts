// Bytes, compressed and back.

/** The bytes as gzip. */
export function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  return through(bytes, new CompressionStream('gzip'))
}

/** The bytes of gzip. Rejects when it is none, or is cut. */
export function gunzip(bytes: Uint8Array | ArrayBuffer): Promise<Uint8Array> {
  return through(bytes, new DecompressionStream('gzip'))
}

function through(
  bytes: Uint8Array | ArrayBuffer,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const content = new Blob([bytes as ArrayBuffer]).stream()
  return new Response(content.pipeThrough(stream)).bytes()
}
