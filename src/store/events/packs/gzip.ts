// Gzip members: any number of them one after the other is one gzip file, and each can be read alone.

/** Compresses a text to one gzip member. */
export async function gzip(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Response(stream).bytes()
}

/** Returns the text of one gzip member. Throws for anything else. */
export async function gunzip(bytes: Uint8Array): Promise<string> {
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>])
  return new Response(blob.stream().pipeThrough(new DecompressionStream('gzip'))).text()
}
