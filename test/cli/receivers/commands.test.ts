// The child processes of the matrix of receivers (test/receivers).
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { UserError } from '../../../src/cli/user-error.ts'
import { runCommand } from '../../receivers/commands.ts'

const run = (command: string, ...args: string[]) => runCommand({ command, args }, tmpdir(), 1)

it('tells the end of the output of a command that fails', async () => {
  await expect(
    run(process.execPath, '-e', 'console.error("no such flag"); process.exit(3)'),
  ).rejects.toThrow(/failed in .*:\nno such flag$/)
  await expect(run(process.execPath, '-e', '')).resolves.toBeUndefined()
})

it('names a command that cannot be started, so that the other languages are measured', async () => {
  const missing = path.join(tmpdir(), 'no-such-folder/pip')

  await expect(run(missing, 'install')).rejects.toThrow(UserError)
  await expect(run(missing, 'install')).rejects.toThrow(`${missing} install failed`)
})
