// A request as a command to paste into a shell.

/** A `curl` that sends a body. Every text is shellQuote, so that a shell changes nothing of it. */
export function curlCommand(
  url: string,
  headers: readonly (readonly [name: string, value: string])[],
  body: string,
): string {
  const lines = [
    `curl ${shellQuote(url)}`,
    ...headers.map(([name, value]) => `-H ${shellQuote(`${name}: ${value}`)}`),
    `--data-binary ${shellQuote(body)}`,
  ]
  return lines.join(' \\\n  ')
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
