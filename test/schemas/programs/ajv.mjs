// Validates the data of each case by the schema of its type, formats included, and prints 1 for valid and 0 for invalid.
import { readFileSync } from 'node:fs'
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

const ajv = addFormats.default(new Ajv2020({ strict: true }))
const validators = new Map()

/** @param {string} type */
function validatorOf(type) {
  const known = validators.get(type)
  if (known !== undefined) return known
  const validator = ajv.compile(JSON.parse(readFileSync(`schemas/${type}.json`, 'utf8')))
  validators.set(type, validator)
  return validator
}

const lines = readFileSync('cases.jsonl', 'utf8').trimEnd().split('\n')
const cases = lines.map((line) => JSON.parse(line))
console.log(cases.map(({ type, data }) => (validatorOf(type)(data) ? 1 : 0)).join(''))
