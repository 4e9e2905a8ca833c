// What a run does with each tool: shell commands in an empty folder, and the program that they run.
// $DOCUMENT: the file of the OpenAPI document; $RELAY, $RELAY_TOKEN: the relay; $EVENT: an event of it; $DELIVERY: a file
// with the delivery of that event; $MOCK_PORT: a free port.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { recipeOf } from './docs.ts'
import { at, equal, VERSIONS } from './versions.ts'

export type Tool = {
  name: string
  /** Its name in tables, with the version. */
  title: string
  /** The texts of the files that it needs, by their names. */
  files: Record<string, string>
  /** Commands of bash. The first that fails ends them. */
  steps: string
  /** What the steps print: the lines of a program with the five calls, the id of the event, or whatever they like. */
  prints: 'calls' | 'event' | 'anything'
  /** For the table: how the tool has to be asked. */
  note: string
}

const program = (name: string) =>
  readFileSync(path.join(import.meta.dirname, 'programs', name), 'utf8')

const TSC =
  'npx tsc --noEmit --strict --skipLibCheck --target esnext --module esnext --moduleResolution bundler --allowImportingTsExtensions --lib esnext,dom,dom.iterable --types node'
const RUN =
  'npx esbuild calls.ts --bundle --platform=node --format=esm --log-level=error --outfile=calls.mjs && node calls.mjs'
const npm = (...names: Parameters<typeof at>) =>
  `echo '{ "type": "module" }' > package.json; npm install --silent --no-audit --no-fund ${at('typescript', '@types/node', 'esbuild', ...names)}`
const pip = (...names: Parameters<typeof equal>) =>
  `python3 -m venv .venv; . .venv/bin/activate; pip install -q ${equal(...names)}`

const GENERATOR_VERSION = VERSIONS['org.openapitools:openapi-generator-cli']
/** Runs openapi-generator. Its log is shown when it fails. */
const generate = (args: string) =>
  `mvn -q dependency:copy -Dartifact=org.openapitools:openapi-generator-cli:${GENERATOR_VERSION} -DoutputDirectory=jar
java -jar jar/*.jar generate -i "$DOCUMENT" ${args} > log 2>&1 || { cat log; exit 1; }`

const typescript = (name: keyof typeof VERSIONS, calls: string, generation: string) => ({
  title: `${name} ${VERSIONS[name]}`,
  files: { 'calls.ts': program(calls) },
  steps: `${generation}\n${TSC} calls.ts\n${RUN}`,
  prints: 'calls' as const,
})

const generator = (language: string) => ({
  name: `openapi-generator-${language}`,
  title: `openapi-generator ${GENERATOR_VERSION}, ${language}`,
  prints: 'calls' as const,
})

const CODEGEN = 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen'

/** The tags of the API: openapi-generator's Python writes no types for the parameters of webhooks. */
const TAGS = `node -p 'JSON.parse(fs.readFileSync(process.env.DOCUMENT)).tags.map(({ name }) => name).filter((name) => name !== "webhooks").join(":")'`

/** The recipe of docs/api.md for a language. `before`: what a reader has done already. */
const recipe = (language: string, before = ''): Tool => {
  const { files, steps } = recipeOf(language)
  return {
    name: `docs-${language.toLowerCase()}`,
    title: `the recipe for ${language}`,
    files,
    steps: `${before}\n${steps}`,
    prints: 'event',
    note: 'as it is on this page',
  }
}

export const TOOLS: Tool[] = [
  {
    name: 'openapi-typescript',
    ...typescript(
      'openapi-typescript',
      'openapi-typescript.ts.txt',
      `${npm('openapi-typescript', 'openapi-fetch')}; npx openapi-typescript "$DOCUMENT" -o relay.d.ts`,
    ),
    note: 'with openapi-fetch',
  },
  {
    name: 'hey-api',
    ...typescript(
      '@hey-api/openapi-ts',
      'hey-api.ts.txt',
      `${npm('@hey-api/openapi-ts')}; npx openapi-ts -i "$DOCUMENT" -o relay`,
    ),
    note: 'types of webhooks included',
  },
  {
    name: 'orval',
    ...typescript(
      'orval',
      'orval.ts.txt',
      `${npm('orval')}
echo 'export default { relay: { input: process.env.DOCUMENT, output: { target: "relay.ts", client: "fetch", baseUrl: process.env.RELAY } } }' > orval.config.mjs
npx orval --config orval.config.mjs`,
    ),
    note: '`client: "fetch"`, and `baseUrl`',
  },
  {
    ...generator('typescript-fetch'),
    files: { 'calls.ts': program('typescript-fetch.ts.txt') },
    steps: `${npm()}; ${generate('-g typescript-fetch -o relay')}\n${TSC} calls.ts\n${RUN}`,
    note: '',
  },
  {
    name: 'openapi-python-client',
    title: `openapi-python-client ${VERSIONS['openapi-python-client']}`,
    files: { 'calls.py': program('openapi_python_client.py') },
    steps: `${pip('openapi-python-client')}
openapi-python-client generate --path "$DOCUMENT" --meta none --output-path relay --fail-on-warning
python calls.py`,
    prints: 'calls',
    note: '',
  },
  {
    name: 'datamodel-code-generator',
    title: `datamodel-code-generator ${VERSIONS['datamodel-code-generator']}`,
    files: { 'calls.py': program('datamodel_code_generator.py') },
    steps: `${pip('datamodel-code-generator', 'httpx', 'pydantic')}
datamodel-codegen --input "$DOCUMENT" --input-file-type openapi --output relay.py --output-model-type pydantic_v2.BaseModel --formatters builtin
python calls.py`,
    prints: 'calls',
    note: 'models only; the calls are made with httpx',
  },
  {
    ...generator('python'),
    files: { 'calls.py': program('openapi_generator.py') },
    steps: `${generate(`-g python -o client --package-name relay --global-property=models,supportingFiles,apis=$(${TAGS})`)}
python3 -m venv .venv; . .venv/bin/activate; pip install -q -r client/requirements.txt
PYTHONPATH=client python calls.py`,
    prints: 'calls',
    note: 'name the tags of the API in `apis`: its code for webhooks has parameters without a type',
  },
  {
    name: 'oapi-codegen',
    title: `oapi-codegen ${VERSIONS[CODEGEN]}`,
    files: { 'calls.go': program('oapi_codegen.go') },
    steps: `go mod init example.com/client 2> log; mkdir relay
go run ${at(CODEGEN)} -generate types,skip-prune,client -package relay -o relay/relay.go "$DOCUMENT" 2> log || { cat log; exit 1; }
go get ${at('github.com/oapi-codegen/runtime')} 2> log; go vet ./...; go run .`,
    prints: 'calls',
    note: '`skip-prune` for the types of webhooks',
  },
  {
    ...generator('go'),
    files: { 'calls.go': program('openapi_generator.go') },
    steps: `go mod init example.com/client 2> log
${generate('-g go -o relay --additional-properties=packageName=relay,enumClassPrefix=true,isGoSubmodule=true')}
rm -rf relay/go.* relay/test; go mod tidy 2> log; go vet ./...; go run .`,
    prints: 'calls',
    note: '`enumClassPrefix=true`: two enums have a value of the same name',
  },
  {
    ...generator('java'),
    files: { 'Calls.java': program('Calls.java') },
    steps: `${generate('-g java --library native -o client --additional-properties=containerDefaultToNull=true')}
mv Calls.java client/src/main/java; cd client
mvn -q -Dmaven.test.skip -Dmaven.javadoc.skip -Dmaven.source.skip package dependency:copy-dependencies -DoutputDirectory=lib
java -cp 'target/classes:lib/*' Calls`,
    prints: 'calls',
    note: '`--library native`; `containerDefaultToNull=true`, or it sends an empty list for each list that you leave out, which selects nothing',
  },
  recipe('TypeScript'),
  recipe('Python', 'python3 -m venv .venv; . .venv/bin/activate'),
  recipe('Go'),
  recipe('Java'),
  {
    name: 'redocly',
    title: `redocly ${VERSIONS['@redocly/cli']}`,
    files: {},
    steps: `${npm('@redocly/cli')}
npx redocly lint "$DOCUMENT" --extends recommended --skip-rule operation-4xx-response --format json > found.json 2> log || true
node -e 'const { totals } = JSON.parse(fs.readFileSync("found.json")); console.log(totals); process.exit(totals.errors + totals.warnings)' || { cat found.json; exit 1; }`,
    prints: 'anything',
    note: '0 errors and 0 warnings of `recommended`; without `operation-4xx-response`, as `/healthz` has no such answer',
  },
  {
    name: 'spectral',
    title: `spectral ${VERSIONS['@stoplight/spectral-cli']}`,
    files: {},
    steps: `${npm('@stoplight/spectral-cli')}; echo 'extends: ["spectral:oas"]' > .spectral.yaml
npx spectral lint "$DOCUMENT" --fail-severity hint`,
    prints: 'anything',
    note: '0 errors and 0 warnings of `spectral:oas`',
  },
  {
    name: 'prism',
    title: `prism ${VERSIONS['@stoplight/prism-cli']}`,
    files: {},
    steps: `${npm('@stoplight/prism-cli')}
npx prism mock "$DOCUMENT" --port "$MOCK_PORT" > log 2>&1 & mock=$!
trap 'kill $mock' EXIT
node "$FOLDER/mock.ts" "http://127.0.0.1:$MOCK_PORT" || { tail -20 log; exit 1; }`,
    prints: 'anything',
    note: 'the mock server answers every `GET` with our examples, by its schema',
  },
  {
    name: 'schemathesis',
    title: `schemathesis ${VERSIONS.schemathesis}`,
    files: { 'hooks.py': program('schemathesis_hooks.py') },
    steps: `${pip('schemathesis')}
SCHEMATHESIS_HOOKS=hooks PYTHONPATH=. st run "$DOCUMENT" --url "$RELAY" --header "Authorization: Bearer $RELAY_TOKEN" --exclude-checks positive_data_acceptance --max-examples 20 --seed 1 --workers 1 --no-color`,
    prints: 'anything',
    note: 'every operation; no failure. What a schema allows is refused only for what the relay alone knows, such as a source that is not there, or `overrides` with a `journey` or an empty key',
  },
]
