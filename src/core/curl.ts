// A request as a command to paste into a shell.

/** A `curl` that sends a body. Every text is quoted, so that a shell changes nothing of it. */
export function curlOf(
  url: string,
  headers: readonly (readonly [name: string, value: string])[],
  body: string,
): string {
  const lines = [
    `curl ${quoted(url)}`,
    ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    `--data-binary ${quoted(body)}`,
  ]
  return lines.join(' \\\n  ')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
