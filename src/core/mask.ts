// Personal data as lists show it: enough to distinguish people, too little to contact them.

/** An e-mail address with all but the first letter of its name masked: `a•••@example.com`. Null for null. */
export function maskEmail(email: string | null): string | null {
  if (email === null) return null
  const at = email.lastIndexOf('@')
  return at < 1 ? '•••' : `${[...email][0]}•••${email.slice(at)}`
}
