// The basis of an installation: package-lock.json, and the install scripts that may run.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const read = (file: string) => readFileSync(file, 'utf8')

it('has a checksum for every package, those of other platforms too', () => {
  const lock = JSON.parse(read('package-lock.json'))
  const { '': _project, ...packages } = lock.packages as Record<string, { integrity?: string }>
  const lacking = Object.keys(packages).filter((name) => !packages[name]?.integrity)
  expect(Object.keys(packages)).not.toEqual([])
  expect(lacking).toEqual([])
})

it('names no registry: packages come from the one that npm is configured for', () => {
  expect(read('package-lock.json')).not.toContain('"resolved"')
})

it('tells Yarn, which requires the packages of all platforms, what to use in its place', () => {
  for (const file of ['package.json', 'package-lock.json']) {
    const root = JSON.parse(read(file))
    const { engines } = root.packages?.[''] ?? root
    expect(engines).toEqual({ node: '>=20', yarn: 'npm, pnpm or Bun, not Yarn' })
  }
  expect(read('README.md')).toContain('Yarn does not:')
})

it('allows the same install scripts with pnpm as with npm', () => {
  const forNpm = JSON.parse(read('package.json')).allowScripts as Record<string, boolean>
  const forPnpm = read('pnpm-workspace.yaml').matchAll(/^ {2}(\S+): (true|false)$/gm)
  expect([...forPnpm].map(([, name, value]) => [name, value === 'true'])).toEqual(
    Object.entries(forNpm),
  )
})
