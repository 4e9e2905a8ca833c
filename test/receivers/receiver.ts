// What a receiver of the matrix is.

export const LANGUAGES = ['javascript', 'python', 'go', 'rust', 'java', 'php'] as const
export type Language = (typeof LANGUAGES)[number]

/**
 * `framework`: reads and verifies bodies. `verifier`: a library that verifies signatures. `cloudevents`: an SDK that
 * reads CloudEvents. `snippet`: a program of the console or of the docs, run unchanged.
 */
export type Kind = 'framework' | 'verifier' | 'cloudevents' | 'snippet'

/** A program of a receiver: see main.ts. */
export type Mode = 'defaults' | 'recipe' | 'fields'

export type Receiver = {
  /** Unique; its folder below `programs/<language>`. */
  name: string
  title: string
  language: Language
  kind: Kind
  /** Packages and their exact versions, the receiver's own first. */
  packages: Record<string, string>
  /** The receiver whose programs are this one's too. */
  like?: string
  /** A snippet: the file of the project with it, and the program that is a copy of it. Of a page, its first JavaScript. */
  copyOf?: [from: string, to: string]
  /** The status with which its class of two fields refuses other keys, where the page tells it. */
  fieldsRefused?: number
  /** The path and the port of a snippet, which are written in it. */
  path?: string
  port?: number
}

/** The version that the tables show: that of its own package. Empty for what its language brings along. */
export function versionOf({ kind, packages }: Receiver): string {
  const [name = '', version = ''] = Object.entries(packages)[0] ?? []
  return kind === 'framework' && /standard-?webhooks/.test(name) ? '' : version
}
