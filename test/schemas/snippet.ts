// The snippet of docs/receiving.md that validates in Python, run as it is written there.
import { copyFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { blocksOf, readPages } from '../cli/docs/pages.ts'
import { installPython, run } from './tools.ts'

export const SNIPPET = 'snippet of docs/receiving.md'

const TYPE = 'payment.created'

/** Gives the snippet a real event of its type and a broken copy: it finds no fault in the first, and some in the second. */
export async function judgeSnippet(
  dir: string,
  cases: readonly { type: string; data: unknown; isValid: boolean }[],
): Promise<{ isGood: boolean; text: string }> {
  const [code] = blocksOf(readPages()).filter(({ text }) => text.includes('Draft202012Validator'))
  const bin = await installPython(dir, 'jsonschema[format]')
  copyFileSync(path.join(dir, 'schemas', `${TYPE}.json`), path.join(dir, `${TYPE}.json`))
  const faults = async (isValid: boolean) => {
    const one = cases.find((one) => one.type === TYPE && one.isValid === isValid)
    const event = JSON.stringify(JSON.stringify({ data: one?.data }))
    const lines = [`import json\nevent = json.loads(${event})`, code?.text, 'print(len(faults))']
    writeFileSync(path.join(dir, 'receiver.py'), lines.join('\n'))
    return Number(await run(dir, path.join(bin, 'python'), ['receiver.py']))
  }
  const [real, broken] = [await faults(true), await faults(false)]
  const text = `finds ${real} faults in a real event and ${broken} in a broken one`
  return { isGood: real === 0 && broken > 0, text }
}
