// The text that `npm start` prints once the relay runs: its URLs, and commands to paste.
import { type Config, type ConfiguredSource, isBrokenSource } from '../config.ts'

/** An example message per vendor, as in its documentation. Without apostrophes, which would end the shell's quotes. */
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

/** The ingest URL and a `curl` command for each source, a `curl` command that lists events, and the URL of the console. */
export function firstSteps(
  origin: string,
  config: Config,
  secrets: Record<string, string>,
): string {
  const sources = [...config.sources.values()].flatMap((s) => (isBrokenSource(s) ? [] : [s]))
  const curls = sources.map((source) => curlFor(source, origin))
  return [
    '',
    'Ingest URLs:',
    ...sources.map(({ name }) => `  ${origin}/in/${name}`),
    '',
    'Send a sample webhook, and see its delivery below:',
    '',
    ...curls.flatMap((curl) => [curl, '']),
    'List the events:',
    '',
    `curl -H 'authorization: Bearer ${secrets.ADMIN_TOKEN}' ${origin}/api/events`,
    '',
    `Console: ${origin}/console (ADMIN_TOKEN: ${secrets.ADMIN_TOKEN})`,
    '',
    'Ctrl-C ends everything.',
    '',
  ].join('\n')
}

/** A command that sends the example message of its vendor to a source. */
function curlFor({ name, vendor, credentials }: ConfiguredSource, origin: string): string {
  const { header, secrets } = credentials
  const [secret = ''] = secrets
  const key = header === undefined ? `?key=${encodeURIComponent(secret)}` : ''
  return [
    `curl '${origin}/in/${name}${key}'`,
    ...(header === undefined ? [] : [`-H '${header}: ${secret}'`]),
    `-H 'content-type: application/json'`,
    `-d '${JSON.stringify(SAMPLES[vendor])}'`,
  ].join(' ')
}
