// Manifests whose versions come from the table: `{package}` becomes the version of that package.
import { readFileSync, writeFileSync } from 'node:fs'
import type { Receiver } from '../receiver.ts'

/** All packages of these receivers with their versions. */
export function packagesOf(receivers: readonly Receiver[]): Record<string, string> {
  return Object.assign({}, ...receivers.map(({ packages }) => packages))
}

/** Fills in the versions of a manifest, in its file. Throws when it names a package that no receiver has. */
export function fillIn(file: string, versions: Record<string, string>): void {
  const text = readFileSync(file, 'utf8').replaceAll(
    /(?<!\$)\{([\w.:-]+)\}/g,
    (_, name: string) => {
      const version = versions[name]
      if (version === undefined) throw new Error(`${file} names ${name}, which no receiver has`)
      return version
    },
  )
  writeFileSync(file, text)
}
