// The bundle of the Worker that is uploaded.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { run } from './project.ts'

it('is a bundle of less than 250 KB gzipped, without a second validation library in it', async () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'relay-bundle-'))

  const { status, stdout } = await run('npx', 'wrangler', 'deploy', '--dry-run', '--outdir', dir)
  expect({ status, stdout }).toMatchObject({ status: 0 })
  const bundle = readFileSync(path.join(dir, 'index.js'), 'utf8')
  rmSync(dir, { recursive: true })

  expect(gzipSync(bundle).length).toBeLessThan(250_000)
  expect(bundle).toContain('valibot')
  expect(bundle).not.toMatch(/ZodError|node_modules\/zod/)
})

it('loads JSONata when the first expression is compiled, not before', async () => {
  const code = `
    import { createRequire } from 'node:module'
    const { cache } = createRequire(import.meta.url)
    const isLoaded = () => Object.keys(cache).some((file) => file.includes('/jsonata/'))
    const { compile } = await import('./src/config/expression.ts')
    const before = isLoaded()
    compile('1')
    console.log(JSON.stringify([before, isLoaded()]))`

  const { stdout } = await run('node', '--input-type=module', '--eval', code)

  expect(JSON.parse(stdout)).toEqual([false, true])
})
