// Another revision of the project, beside this one: in a Git worktree of its own, which is removed after the bench.
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../../../src/cli/project.ts'
import { UserError } from '../../../src/cli/user-error.ts'

/** A revision of the project in a folder with its dependencies. */
export type Checkout = { root: string; commit: string; remove: () => void }

const LOCK = 'package-lock.json'

/**
 * Checks a revision out into a temporary folder. It shares the installed dependencies where its lock file is the same as
 * here; otherwise they are installed there. Throws a UserError if there is no such revision, or it is none of this project.
 */
export async function checkOut(revision: string): Promise<Checkout> {
  const commit = commitOf(revision)
  const dir = mkdtempSync(path.join(tmpdir(), 'relay-base-'))
  const root = path.join(dir, 'relay')
  const remove = () => {
    rmSync(dir, { recursive: true, force: true })
    git('worktree', 'prune')
  }
  try {
    git('worktree', 'add', '--quiet', '--detach', root, commit)
    if (!existsSync(path.join(root, 'src/index.ts'))) {
      throw new UserError(`${revision} has no src/index.ts: it is no revision of the relay.`)
    }
    await installDependencies(root)
    return { root, commit, remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** Copies a file of this checkout into another: both sides are measured by the same code. */
export function copyInto(root: string, file: string): void {
  cpSync(path.join(ROOT, file), path.join(root, file))
}

function commitOf(revision: string): string {
  try {
    return git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`)
  } catch {
    throw new UserError(`--base ${revision}: there is no such revision in this repository.`)
  }
}

async function installDependencies(root: string): Promise<void> {
  const lockOf = (of: string) => readFileSync(path.join(of, LOCK), 'utf8')
  if (lockOf(root) === lockOf(ROOT)) {
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'))
    return
  }
  await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root })
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }).trim()
}
