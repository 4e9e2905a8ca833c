// Another revision beside this checkout, and nothing left of it afterwards.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../../src/cli/project.ts'
import { checkOut } from '../bench/tools/checkout.ts'

const worktrees = () => execFileSync('git', ['worktree', 'list'], { cwd: ROOT, encoding: 'utf8' })

it('checks a revision out with its dependencies, and removes it without a trace', async () => {
  const before = worktrees()
  const { root, commit, remove } = await checkOut('HEAD')

  expect(commit).toMatch(/^[0-9a-f]{40}$/)
  expect(existsSync(path.join(root, 'src/index.ts'))).toBe(true)
  expect(existsSync(path.join(root, 'node_modules/miniflare'))).toBe(true)
  expect(worktrees()).not.toBe(before)

  remove()
  expect(existsSync(path.dirname(root))).toBe(false)
  expect(worktrees()).toBe(before)
})

it('names a revision that does not exist, also one that looks like an option', async () => {
  for (const revision of ['no-such-branch', '--help', '']) {
    await expect(checkOut(revision)).rejects.toThrow(
      `--base ${revision}: there is no such revision in this repository.`,
    )
  }
})
