// The files of the project that the commands use: wrangler.toml, files with secrets, wrangler.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { parse, TomlError } from 'smol-toml'
import type { Config } from '../config.ts'
import { UserError } from './user-error.ts'

export const ROOT = path.join(import.meta.dirname, '../..')
export const WRANGLER = path.join(ROOT, 'node_modules/wrangler/bin/wrangler.js')

/** The parts of wrangler.toml that the commands need. */
export type Project = {
  vars: Record<string, unknown>
  databaseName: string
  queues: string[]
  /** The names of the R2 buckets; none unless the archive is configured. */
  buckets: string[]
  crons: string[]
}

/** Reads wrangler.toml. Throws a UserError if the file is missing, is not valid TOML, or has no database. */
export function readProject(file = path.join(ROOT, 'wrangler.toml')): Project {
  const config = readToml(file)
  const database = tables(config.d1_databases).find(({ binding }) => binding === 'DB')
  const queues = (config.queues ?? {}) as Record<string, unknown>
  const names = [...tables(queues.producers), ...tables(queues.consumers)].flatMap((queue) => [
    queue.queue,
    queue.dead_letter_queue,
  ])
  if (typeof database?.database_name !== 'string') {
    throw new UserError(
      'wrangler.toml: [[d1_databases]] with binding = "DB" and a database_name is missing.',
    )
  }
  if (!isTable(config.vars ?? {})) throw new UserError('wrangler.toml: vars must be a table.')
  const { crons } = (config.triggers ?? {}) as { crons?: string[] }
  return {
    vars: (config.vars ?? {}) as Record<string, unknown>,
    databaseName: database.database_name,
    queues: [...new Set(names.filter((name) => typeof name === 'string'))],
    buckets: tables(config.r2_buckets).flatMap(({ bucket_name }) =>
      typeof bucket_name === 'string' ? [bucket_name] : [],
    ),
    crons: crons ?? [],
  }
}

function readToml(file: string): Record<string, unknown> {
  if (!existsSync(file))
    throw new UserError(`${path.basename(file)} is missing: restore it from the repository.`)
  try {
    return parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [reason = ''] = error.message.replace('Invalid TOML document: ', '').split('\n')
    throw new UserError(
      `wrangler.toml is broken at line ${error.line}, column ${error.column}: ${reason}.`,
    )
  }
}

function tables(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value : []
}

function isTable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The variables of a dotenv file in the project folder, without empty ones; none if there is no file. */
export function readEnvFile(name: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parseEnv(textOf(name))).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
    ),
  )
}

/** A line of a dotenv file, or the lines of a quoted value: the name, and the value if it is not quoted. */
const ENTRY = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=(?:[ \t]*(?:'[^']*'|"[^"]*"|`[^`]*`)|(.*))/gm

/**
 * A note for each value of a dotenv file that is truncated: Node and Wrangler end an unquoted value at a "#", other
 * readers only at a "#" after a space. The notes do not contain the values.
 */
export function notesOnEnvFile(name: string): Config['notes'] {
  return [...textOf(name).matchAll(ENTRY)]
    .filter(([, , value = '']) => /(^|\S)#/.test(value))
    .map(([, key]) => ({
      path: name,
      message: `${key} has a "#" outside quotes: its value ends there. Quote it.`,
    }))
}

/** The text of a file in the project folder; empty if there is no file. */
function textOf(name: string): string {
  const file = path.join(ROOT, name)
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}
