// Personal data as lists show it: enough to tell people apart, too little to write to them.

/** An e-mail address with its name masked but for the first letter; null for none. */
export function maskEmail(email: string | null): string | null {
  if (email === null) return null
  const at = email.lastIndexOf('@')
  return at < 1 ? '•••' : `${[...email][0]}•••${email.slice(at)}`
}
