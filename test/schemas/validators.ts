// The validators of four languages: each gets the schemas and the cases, and prints a verdict for each.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { initGo, installNpm, installPython, run, VERSIONS } from './tools.ts'

const PROGRAMS = path.join(import.meta.dirname, 'programs')

/** Runs a validator in a folder with `schemas/` and `cases.jsonl`, and returns a 1 or 0 for each case. */
type Validator = (dir: string) => Promise<string>

export const VALIDATORS: Record<string, Validator> = {
  ajv: async (dir) => {
    await installNpm(dir, ['ajv', 'ajv-formats'])
    copyFileSync(path.join(PROGRAMS, 'ajv.mjs'), path.join(dir, 'ajv.mjs'))
    return run(dir, process.execPath, ['ajv.mjs'])
  },
  'python jsonschema': async (dir) => {
    const bin = await installPython(dir, 'jsonschema[format]')
    return run(dir, path.join(bin, 'python'), [path.join(PROGRAMS, 'validate.py')])
  },
  'go jsonschema': async (dir) => {
    await initGo(dir, 'github.com/santhosh-tekuri/jsonschema/v6')
    copyFileSync(path.join(PROGRAMS, 'validate.go'), path.join(dir, 'main.go'))
    return run(dir, 'go', ['run', '.'])
  },
  'rust jsonschema': async (dir) => {
    const { jsonschema, serde_json } = VERSIONS.crates
    mkdirSync(path.join(dir, 'src'))
    writeFileSync(
      path.join(dir, 'Cargo.toml'),
      `[package]\nname = "validate"\nversion = "0.0.0"\nedition = "2024"\n\n[dependencies]
jsonschema = { version = "=${jsonschema}", default-features = false }\nserde_json = "=${serde_json}"\n`,
    )
    copyFileSync(path.join(PROGRAMS, 'validate.rs'), path.join(dir, 'src/main.rs'))
    return run(dir, 'cargo', ['run', '--quiet'])
  },
}
