// The versions of all tools of a run, each pinned.

export const VERSIONS = {
  // npm
  '@hey-api/openapi-ts': '0.99.0',
  '@redocly/cli': '2.77.0',
  '@stoplight/prism-cli': '5.16.0',
  '@stoplight/spectral-cli': '6.16.3',
  '@types/node': '24.19.2',
  esbuild: '0.28.2',
  'openapi-fetch': '0.17.0',
  'openapi-typescript': '7.13.0',
  orval: '8.38.0',
  typescript: '5.9.3',
  // PyPI
  'datamodel-code-generator': '0.89.0',
  httpx: '0.28.1',
  'openapi-python-client': '0.29.1',
  pydantic: '2.14.4',
  schemathesis: '4.32.5',
  // Go
  'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen': 'v2.8.2',
  'github.com/oapi-codegen/runtime': 'v1.9.0',
  // Maven
  'org.openapitools:openapi-generator-cli': '7.25.0',
} as const

type Package = keyof typeof VERSIONS

/** `name@version` of packages of npm or of modules of Go, separated by spaces. */
export const at = (...names: Package[]) =>
  names.map((name) => `${name}@${VERSIONS[name]}`).join(' ')

/** `name==version` of packages of PyPI, separated by spaces. */
export const equal = (...names: Package[]) =>
  names.map((name) => `${name}==${VERSIONS[name]}`).join(' ')
