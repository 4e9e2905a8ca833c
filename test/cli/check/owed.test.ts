// What is owed to targets that a configuration does not have, as `npm run deploy` says it before it deploys.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { OWED_BY_TARGET } from '../../../src/store/deliveries/owed.ts'
import { aMigratedDatabase } from '../migrated.ts'
import { aProject, command } from '../project.ts'

/** Deploys with a Wrangler that succeeds, and whose `d1 execute` prints `answer`, and `keys` about its keys. Returns its calls too. */
async function deployWith(answer: string, keys = '[{"results":[{"has_keys_of_0x":null}]}]') {
  const project = aProject((toml) =>
    toml
      .replace('http://127.0.0.1:8788/', 'https://crm.example.com/hooks')
      .replace('"example"', '"crm"'),
  )
  const { dir } = project
  const source = path.join(dir, 'src/cli/project.ts')
  const own = readFileSync(source, 'utf8')
  writeFileSync(source, own.replace('node_modules/wrangler/bin/wrangler.js', 'wrangler.mjs'))
  writeFileSync(
    path.join(dir, 'wrangler.mjs'),
    `import { appendFileSync } from 'node:fs'
     const args = process.argv.slice(2)
     appendFileSync(${JSON.stringify(path.join(dir, 'calls'))}, args.slice(0, 2).join(' ') + '\\n')
     const asksForKeys = args.at(-1).includes('has_keys_of_0x')
     if (args[1] === 'execute') console.log(asksForKeys ? ${JSON.stringify(keys)} : ${JSON.stringify(answer)})`,
  )
  const secrets = ['ADMIN_TOKEN', 'HAPANA_SECRET', 'HYPE_SECRET'].map(
    (name) => `${name}="${name.toLowerCase()}-of-these-tests"`,
  )
  const signing = `EXAMPLE_SIGNING_SECRET="whsec_${'A'.repeat(43)}="`
  writeFileSync(path.join(dir, '.prod.vars'), [...secrets, signing].join('\n'))
  const { status, output } = await command(dir, 'deploy')
  const calls = readFileSync(path.join(dir, 'calls'), 'utf8').trim().split('\n')
  project.remove()
  return { status, output, calls }
}

it('is said for each such target, after the migrations and before the deploy', async () => {
  const owed = [
    { target: 'crm', count: 7 },
    { target: 'erp', count: 1 },
    { target: 'old', count: 3 },
  ]

  const { status, output, calls } = await deployWith(JSON.stringify([{ results: owed }]))

  expect(status).toBe(0)
  expect(output).toContain(
    '3 deliveries are owed to "old", which this configuration does not have: they are held for a day after the deploy, ' +
      "then cancelled. To send them, keep the target's name.",
  )
  expect(output).toContain(
    '1 delivery is owed to "erp", which this configuration does not have: it is',
  )
  expect(output).not.toContain('owed to "crm"')
  expect(calls.slice(-3)).toEqual(['d1 migrations', 'd1 execute', 'deploy --secrets-file'])
})

it('does not stop the deploy when it cannot be counted, and that is said', async () => {
  const { status, output, calls } = await deployWith('no JSON')

  expect(status).toBe(0)
  expect(output).toContain('The deliveries owed to other targets could not be counted.')
  expect(calls.at(-1)).toBe('deploy --secrets-file')
})

it('is not asked for where the database is one of a version 0.x: nothing is changed', async () => {
  const { status, output, calls } = await deployWith('[]', '[{"results":[{"has_keys_of_0x": 1}]}]')

  expect(status).toBe(1)
  expect(output).toMatch(
    /^Nothing was deployed: the database membership-relay is one of a version 0\.x/m,
  )
  expect(calls).toEqual(['d1 info', 'd1 execute'])
})

it('is counted by target, without what is finished', () => {
  const db = aMigratedDatabase()
  const states = ['pending', 'retrying', 'held', 'delivered', 'dead', 'cancelled']
  for (const [i, state] of states.entries()) {
    db.exec(
      `INSERT INTO deliveries (event, target, state, attempt, attempts) VALUES (${i}, 'crm', '${state}', 1, '[]')`,
    )
  }
  db.exec(
    `INSERT INTO deliveries (event, target, state, attempt, attempts) VALUES (9, 'old', 'held', 1, '[]')`,
  )

  expect(
    db
      .prepare(OWED_BY_TARGET)
      .all()
      .map((row) => ({ ...row })),
  ).toEqual([
    { target: 'crm', count: 3 },
    { target: 'old', count: 1 },
  ])
})
