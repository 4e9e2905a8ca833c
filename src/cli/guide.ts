// What to do once the relay runs: lines that are ready to paste.
import { type Config, type ConfiguredSource, isBrokenSource } from '../config.ts'

/** A made-up message of each vendor, by its documents. Without an apostrophe, so that it can stand between two. */
const SAMPLES: Record<ConfiguredSource['vendor'], object> = {
  hapana: {
    eventType: 'clientStatusChange',
    clientID: 'Q0FVR0J3Z0pDZ3NNRFE0UEVCRVNFdz09',
    siteID: 'SUNFaUl5UWxKaWNvS1NvckxDMHVMdz09',
    firstName: 'Ana',
    lastName: 'Silva',
    email: 'ana.silva@example.com',
    status: 'activePackage',
    activePackages: [
      { packageID: '7101', packageName: 'Unlimited', packageCategory: 'Membership' },
    ],
  },
  hype: {
    id: '0a1b2c3d-1111-4222-8333-444455556666',
    publisher_id: '9f8e7d6c-aaaa-4bbb-8ccc-ddddeeeeffff',
    email: 'ana.silva@example.com',
    name: 'Ana Silva',
    type: 'payment.created',
    source: 'user',
    data: {
      membership: 'Individual Subscriber',
      tier: 'Supporter',
      billing_interval: 'Monthly',
      recurring: 10,
      total: 10,
    },
    version: '1.1.0',
    timestamp: 1596224512,
  },
}

/** The ingest URLs and a `curl` for each source, and one that shows the log. */
export function guide(origin: string, config: Config, secrets: Record<string, string>): string {
  const sources = [...config.sources.values()].flatMap((s) => (isBrokenSource(s) ? [] : [s]))
  const curls = sources.map(({ name, vendor, credentials: { header, secrets: values } }) => {
    const [secret = ''] = values
    const key = header === undefined ? `?key=${encodeURIComponent(secret)}` : ''
    const parts = [
      `curl '${origin}/in/${name}${key}'`,
      ...(header === undefined ? [] : [`-H '${header}: ${secret}'`]),
      `-H 'content-type: application/json'`,
      `-d '${JSON.stringify(SAMPLES[vendor])}'`,
    ]
    return parts.join(' ')
  })
  return [
    '',
    'The relay takes webhooks at',
    ...sources.map(({ name }) => `  ${origin}/in/${name}`),
    '',
    'Send it one, and see it arrive below:',
    '',
    ...curls.flatMap((curl) => [curl, '']),
    'See what was made of it:',
    '',
    `curl -H 'authorization: Bearer ${secrets.ADMIN_TOKEN}' ${origin}/api/events`,
    '',
    `Or in the console, ${origin}/console, with the ADMIN_TOKEN ${secrets.ADMIN_TOKEN}`,
    '',
    'Ctrl-C ends everything.',
    '',
  ].join('\n')
}
