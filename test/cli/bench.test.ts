// The output of `npm run bench` for other programs.
import { expect, it } from 'vitest'
import { run } from './project.ts'

it('prints only the figures with --json, whatever the tools that it runs print', async () => {
  const asked = ['start-up', '--json', '--rounds', '1']
  const { stdout } = await run('node', 'test/bench/main.ts', ...asked)

  expect(JSON.parse(stdout)).toMatchObject({
    bench: 'start-up',
    seed: 1,
    goals: [{ what: 'code, gzipped', atMost: 150 }, { atMost: 50 }],
  })
})

it('lists all benches when the name is unknown', async () => {
  const { status, stderr } = await run('node', 'test/bench/main.ts', 'nothing')

  expect(status).toBe(1)
  expect(stderr).toContain(
    'Allowed choices are accept, against, costs, deliver, growth, isolation, price, start-up, vendors.',
  )
})

it('compares with a revision that exists, and says so when there is none', async () => {
  const without = await run('node', 'test/bench/main.ts', 'against')
  const unknown = await run('node', 'test/bench/main.ts', 'against', '--base', 'no-such-branch')

  expect([without.status, unknown.status]).toEqual([1, 1])
  expect(without.stderr).toBe('against takes --base REV, a revision of Git.\n')
  expect(unknown.stderr).toBe(
    '--base no-such-branch: there is no such revision in this repository.\n',
  )
})
