// The generators: each makes types of all schemas, whose names must be the titles of the schemas, and which must compile.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { initGo, installNpm, installPython, run } from './tools.ts'

/** Generates in a folder with `schemas/`, compiles, and returns the code. */
type Generator = (dir: string, types: readonly string[]) => Promise<string>

const TSC = ['--strict', '--noEmit', '--target', 'es2022']

export const GENERATORS: Record<string, Generator> = {
  'json-schema-to-typescript': async (dir, types) => {
    await installNpm(dir, ['json-schema-to-typescript', 'typescript'])
    await run(dir, 'node_modules/.bin/json2ts', ['-i', 'schemas', '-o', 'generated'])
    const files = types.map((type) => path.join('generated', `${type}.d.ts`))
    await run(dir, 'node_modules/.bin/tsc', [...TSC, ...files])
    return files.map((file) => readFileSync(path.join(dir, file), 'utf8')).join('\n')
  },
  // All schemas at once: one alone is named after its file.
  'quicktype (TypeScript)': async (dir, types) => {
    await installNpm(dir, ['quicktype', 'typescript'])
    const args = ['--src-lang', 'schema', '--lang', 'ts', '--out', 'generated.ts']
    await run(dir, 'node_modules/.bin/quicktype', [...args, ...filesOf(types)])
    await run(dir, 'node_modules/.bin/tsc', [...TSC, 'generated.ts'])
    return readFileSync(path.join(dir, 'generated.ts'), 'utf8')
  },
  'quicktype (Go)': async (dir, types) => {
    await installNpm(dir, ['quicktype'])
    const args = [
      '--src-lang',
      'schema',
      '--lang',
      'go',
      '--package',
      'main',
      '--out',
      'generated.go',
    ]
    await run(dir, 'node_modules/.bin/quicktype', [...args, ...filesOf(types)])
    return vetted(dir)
  },
  'go-jsonschema': async (dir, types) => {
    await initGo(dir, 'github.com/atombender/go-jsonschema')
    // A package for each type: the parts that several of them have would be declared twice in one.
    for (const type of types) {
      const name = type.replaceAll(/[._]/g, '')
      mkdirSync(path.join(dir, name))
      const args = ['--struct-name-from-title', '-p', name, '-o', `${name}/generated.go`]
      await run(dir, 'go', [
        'run',
        'github.com/atombender/go-jsonschema',
        ...args,
        `schemas/${type}.json`,
      ])
    }
    await run(dir, 'go', ['mod', 'tidy'])
    await run(dir, 'go', ['vet', './...'])
    const names = readdirSync(dir).filter((name) =>
      types.some((type) => type.replaceAll(/[._]/g, '') === name),
    )
    return names
      .map((name) => readFileSync(path.join(dir, name, 'generated.go'), 'utf8'))
      .join('\n')
  },
  'datamodel-code-generator': async (dir) => {
    const bin = await installPython(dir, 'datamodel-code-generator')
    const args = ['--input', 'schemas', '--input-file-type', 'jsonschema', '--output', 'generated']
    const model = ['--output-model-type', 'pydantic_v2.BaseModel', '--disable-timestamp']
    await run(dir, path.join(bin, 'datamodel-codegen'), [...args, ...model])
    const files = readdirSync(path.join(dir, 'generated'), { recursive: true, encoding: 'utf8' })
    const modules = files.filter((file) => file.endsWith('.py') && !file.endsWith('__init__.py'))
    const imports = modules.map(
      (file) => `import generated.${file.slice(0, -3).replaceAll('/', '.')}`,
    )
    writeFileSync(path.join(dir, 'receiver.py'), imports.join('\n'))
    await run(dir, path.join(bin, 'pip'), ['install', '--quiet', 'pydantic'])
    await run(dir, path.join(bin, 'python'), ['receiver.py'])
    return modules.map((file) => readFileSync(path.join(dir, 'generated', file), 'utf8')).join('\n')
  },
}

const filesOf = (types: readonly string[]) => types.map((type) => `schemas/${type}.json`)

async function vetted(dir: string): Promise<string> {
  writeFileSync(path.join(dir, 'main.go'), 'package main\n\nfunc main() {}\n')
  writeFileSync(path.join(dir, 'go.mod'), 'module receiver.example\n\ngo 1.24\n')
  await run(dir, 'go', ['vet', '.'])
  return readFileSync(path.join(dir, 'generated.go'), 'utf8')
}

/** The names among the titles that the code declares nothing for. */
export function missingNames(code: string, titles: readonly string[]): string[] {
  return titles.filter((title) => !new RegExp(`\\b(interface|type|class) ${title}\\b`).test(code))
}
