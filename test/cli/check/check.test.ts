// `npm run check` and `npm run deploy --dry-run` on valid and invalid configurations.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { aProject, command } from '../project.ts'

const withTarget = (toml: string) =>
  toml
    .replace('http://127.0.0.1:8788/', 'https://crm.example.com/hooks/s3cret')
    .replace('"example"', '"crm"')

async function within(
  change: (toml: string) => string,
  args: string[],
  files: Record<string, string> = {},
) {
  const project = aProject(change)
  for (const [name, text] of Object.entries(files))
    writeFileSync(path.join(project.dir, name), text)
  try {
    return await command(project.dir, ...args)
  } finally {
    project.remove()
  }
}

describe('npm run check', () => {
  it('shows sources, targets, routes and secrets, but no path of a URL, which may be secret', async () => {
    const { status, output } = await within(withTarget, ['check'])

    expect(status).toBe(0)
    expect(output).toMatch(/^hapana {2}hapana {2}\/in\/hapana {3}header x-relay-key$/m)
    expect(output).toMatch(/^crm {5}cloudevents {2}\* {7}https:\/\/crm\.example\.com\/…$/m)
    expect(output).toMatch(/^payment\.created +crm$/m)
    expect(output).toMatch(/^HYPE_SECRET +SOURCES\[1\]\.secret$/m)
    expect(output).toContain('The configuration is valid.')
    expect(output).not.toContain('s3cret')
  })

  it('lists events about operators only for targets that name them, and a test event for no other target', async () => {
    const audit = '\n[[vars.TARGETS]]\nname = "audit"\nurl = "https://audit.example.com/"\n'
    const { output } = await within(
      (toml) =>
        withTarget(toml).replace(
          '# --- Database',
          `${audit}events = ["relay.*"]\nsecret = "AUDIT"\n\n# --- Database`,
        ),
      ['check'],
    )

    expect(output).toMatch(/^relay\.target_gone +crm, audit$/m)
    expect(output).toMatch(/^relay\.operator_acted +audit$/m)
    expect(output).toMatch(/^relay\.test +\(only the target that is tested\)$/m)
  })

  it('shows the path and the remedy of each error, and fails', async () => {
    const { status, output } = await within(
      (toml) =>
        toml.replace(
          'url = "http://127.0.0.1:8788/"',
          'url = "http://crm.example.com/"\nevent = ["*"]',
        ),
      ['check'],
    )

    expect(status).toBe(1)
    expect(output).toContain('example  BROKEN')
    expect(output).toContain('TARGETS[0].event: unknown setting; did you mean events?')
  })
})

it('assumes that a URL in a secret is valid', async () => {
  const { status, output } = await within(
    (toml) => withTarget(toml).replace('https://crm.example.com/hooks/s3cret', '$CRM_URL'),
    ['check'],
  )

  expect(status).toBe(0)
  expect(output).toMatch(/^CRM_URL +TARGETS\[0\]\.url$/m)
})

describe('a file of secrets with a "#" outside quotes', () => {
  const HEAD = 'HAPANA_SECRET has a "#" outside quotes: its value ends there. Quote it.'
  const SECRETS = [
    '# a comment=of#the file',
    'HAPANA_SECRET=k3y-that-hapana-sends#9f',
    "HYPE_SECRET='k3y-that-hype-sends#9f' # quoted",
    'ADMIN_TOKEN=k3y-of-the-operator-itself # a comment',
    `EXAMPLE_SIGNING_SECRET="whsec_${'A'.repeat(43)}="`,
    'OTHER="two',
    'lines=of#one"',
    'export EMPTY=#9f',
  ].join('\n')

  it.each(['.dev.vars', '.prod.vars'])('is a note of npm run check: %s', async (name) => {
    const { status, output } = await within(withTarget, ['check'], { [name]: SECRETS })

    expect(status).toBe(0)
    expect(output.match(/^.*outside quotes.*$/gm)).toEqual([
      `  ${name}: ${HEAD}`,
      `  ${name}: ${HEAD.replace('HAPANA_SECRET', 'EMPTY')}`,
    ])
    expect(output).not.toContain('k3y')
  })

  it('is a warning of npm run deploy', async () => {
    const { status, output } = await within(withTarget, ['deploy', '--dry-run'], {
      '.prod.vars': SECRETS,
    })

    expect(status).toBe(0)
    expect(output).toContain(`.prod.vars: ${HEAD}`)
    expect(output).not.toContain('k3y')
  })
})

describe('npm run deploy', () => {
  const SECRETS_OF_A_DEPLOY = [
    'ADMIN_TOKEN="t0k3n-of-the-operator"',
    'HAPANA_SECRET="k3y-that-hapana-sends"',
    'HYPE_SECRET="k3y-that-hype-sends"',
    `EXAMPLE_SIGNING_SECRET="whsec_${'A'.repeat(43)}="`,
  ].join('\n')

  it('refuses the example target', async () => {
    const { status, output } = await within((toml) => toml, ['deploy', '--dry-run'])

    expect(status).toBe(1)
    expect(output).toContain('Nothing was deployed: the target "example" is on this machine')
  })

  it('refuses a configuration with errors', async () => {
    const { status, output } = await within(
      (toml) => withTarget(toml).replace('"hype"\nsecret', '"hipe"\nsecret'),
      ['deploy', '--dry-run'],
    )

    expect(status).toBe(1)
    expect(output).toContain('SOURCES[1].vendor: must be hapana or hype')
    expect(output).toContain('Nothing was deployed: fix these errors first.')
  })

  it('shows how long the queues are to keep messages, and the bucket of the archive where one is bound', async () => {
    const archived = (toml: string) =>
      withTarget(toml).replace(
        /^# (\[\[r2_buckets\]\]|binding = "ARCHIVE"|bucket_name = .*)$/gm,
        '$1',
      )

    const { status, output } = await within(archived, ['deploy', '--dry-run'])

    expect(status).toBe(0)
    expect(output).toContain(
      'let every queue keep messages for 14 days, or as long as the plan allows (free: 24 hours)',
    )
    expect(output).toContain('create the bucket membership-relay-archive if it does not exist')
  })

  it('refuses a secrets file that lacks a secret', async () => {
    const { status, output } = await within(withTarget, ['deploy', '--dry-run'], {
      '.prod.vars': 'ADMIN_TOKEN="x"\nHYPE_SECRET="y"\n',
    })

    expect(status).toBe(1)
    expect(output.trim()).toBe(
      'Nothing was deployed: .prod.vars does not set HAPANA_SECRET, EXAMPLE_SIGNING_SECRET.',
    )
  })

  it.each([
    ['deploy', '.prod.vars', 'Nothing was deployed: .prod.vars: '],
    ['check', '.prod.vars', '  .prod.vars: '],
    ['check', '.dev.vars', '  .dev.vars: '],
  ])(
    'and npm run check refuse secrets that are easy to guess: %s, %s',
    async (name, file, start) => {
      const args = name === 'deploy' ? [name, '--dry-run'] : [name]
      const secrets = SECRETS_OF_A_DEPLOY.replace('k3y-that-hype-sends', 'k3y')
      const { status, output } = await within(withTarget, args, {
        [file]: `${secrets}\nVIEWER_TOKEN="t0k3n-of-the-operator"\n`,
      })

      expect(status).toBe(1)
      expect(output).toContain(
        `${start}HYPE_SECRET is easy to guess: use at least 16 random characters`,
      )
      expect(output).toContain('VIEWER_TOKEN must differ from every other secret')
      expect(output).not.toMatch(/k3y|t0k3n/)
    },
  )

  it('names the secrets that the Worker must have already if the secrets file has only empty values', async () => {
    const { status, output } = await within(withTarget, ['deploy', '--dry-run'], {
      '.prod.vars': SECRETS_OF_A_DEPLOY.replaceAll(/".*"/g, '""'),
    })

    expect(status).toBe(0)
    expect(output).toContain(
      '  stop if the Worker lacks one of these secrets, as .prod.vars sets none: ' +
        'ADMIN_TOKEN, HAPANA_SECRET, HYPE_SECRET, EXAMPLE_SIGNING_SECRET\n',
    )
  })

  it('shows the steps with --dry-run, and builds a Worker of less than 285 KB gzipped, console assets included', async () => {
    const { status, output } = await within(withTarget, ['deploy', '--dry-run'], {
      '.prod.vars': SECRETS_OF_A_DEPLOY,
    })

    expect(status).toBe(0)
    expect(output).toContain('create the queue membership-relay-deliveries if it does not exist')
    expect(output).toContain('apply the migrations to membership-relay')
    expect(output).not.toContain('stop if')
    const [, kib] = /gzip: ([\d.]+) KiB/.exec(output) ?? []
    expect((Number(kib) * 1024) / 1000).toBeLessThan(285)
  })
})

it('lists the commands when the name of a command is unknown', async () => {
  const { status, output } = await within((toml) => toml, ['deplyo'])

  expect(status).toBe(1)
  expect(output).toMatch(/npm run start .*\n.*npm run check .*\n.*npm run deploy /)
})
