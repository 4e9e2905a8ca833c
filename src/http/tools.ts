// What every route of API and console is made with.
import type { Config } from '../config.ts'
import type { Env, Tools } from '../env.ts'

/** The tools, and the configuration of an environment. */
export type ApiTools = Tools & { configOf: (env: Env) => Config }
