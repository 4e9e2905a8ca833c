// Host names of this machine.

/** Whether a URL's host name is this machine: `localhost`, 127.x.x.x or [::1]. Names below `localhost` are not: workerd does not resolve them. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}
