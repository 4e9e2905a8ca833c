// A request as a shell command.

/** A `curl` command that POSTs a body. Every argument is quoted for POSIX shells. */
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
