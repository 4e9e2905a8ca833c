// package-lock.json, which is all that says that a package is the one that was tested.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it('has a checksum for every package, those of other platforms too', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const { '': _project, ...packages } = lock.packages as Record<string, { integrity?: string }>
  const lacking = Object.keys(packages).filter((name) => !packages[name]?.integrity)
  expect(Object.keys(packages)).not.toEqual([])
  expect(lacking).toEqual([])
})
