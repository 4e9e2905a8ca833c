// Generates normalization.json from the fixtures: node test/vectors/make.ts
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Fixture, textOf, vectorsOf } from './vectors.ts'

const FIXTURES = path.join(import.meta.dirname, '../fixtures/vendors')

const fixtures = readdirSync(FIXTURES).flatMap((vendor) =>
  readdirSync(path.join(FIXTURES, vendor))
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
      vendor,
      name: `${vendor}/${path.basename(file, '.json')}`,
      ...JSON.parse(readFileSync(path.join(FIXTURES, vendor, file), 'utf8')),
    })),
)
const file = vectorsOf(fixtures.filter((fixture): fixture is Fixture => 'expected' in fixture))
writeFileSync(path.join(import.meta.dirname, 'normalization.json'), textOf(file))
console.log(`${file.vectors.length} vectors`)
