// `wrangler types` writes a file beside wrangler.toml. It is not a source file: Biome ignores it, as Git does.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'

it('does not make `npm test` fail', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'relay-types-'))
  for (const file of ['.gitignore', 'biome.json']) cpSync(file, path.join(dir, file))
  for (const file of ['worker-configuration.d.ts', 'other.d.ts']) {
    writeFileSync(path.join(dir, file), 'interface Env{DB:any}\n')
  }

  const biome = path.resolve('node_modules/.bin/biome')
  const { stdout, stderr } = spawnSync(biome, ['check', '.'], { cwd: dir, encoding: 'utf8' })
  rmSync(dir, { recursive: true })

  expect(stdout + stderr).toContain('other.d.ts')
  expect(stdout + stderr).not.toContain('worker-configuration.d.ts')
})
