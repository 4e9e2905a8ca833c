// The environment of a browser test: the relay of `npm start`, a target that records requests, simulated members, and a
// browser.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, vi } from 'vitest'
import { aProject, begin, command, freePort, type Running, tamperWith } from '../cli/project.ts'
import { launch, openTab, type Setting, signIn } from './browser.ts'

const VIEWER_TOKEN = 'viewer-of-the-browser-tests'

/** Starts it before the tests of a file, and stops it after them. */
export function aRelay() {
  const project = aProject()
  let relay: Running
  let origin: string
  let token: string
  let browser: Browser

  const secretOf = (name: string) => {
    const secrets = readFileSync(path.join(project.dir, '.dev.vars'), 'utf8')
    return new RegExp(`^${name}="(.+)"$`, 'm').exec(secrets)?.[1] ?? ''
  }
  /** Sends a message as Hype would. */
  const send = (body: object) =>
    fetch(`${origin}/in/hype?key=${secretOf('HYPE_SECRET')}`, {
      method: 'POST',
      body: JSON.stringify(body),
    }).then((response) => response.json() as Promise<{ id: string }>)

  /** The ids of the events that the target received, in order. */
  const received: string[] = []
  const receiver = createServer((request, response) => {
    received.push(String(request.headers['webhook-id']))
    response.writeHead(204).end()
  })

  beforeAll(async () => {
    const port = await freePort()
    origin = `http://127.0.0.1:${port}`
    receiver.listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    const url = `http://127.0.0.1:${(receiver.address() as { port: number }).port}/`
    const targets = `TARGETS:${JSON.stringify([{ name: 'crm', url }])}`
    const viewer = `VIEWER_TOKEN:${VIEWER_TOKEN}`
    const options = ['--persist-to', '.state', '--no-receiver', '--var', targets, '--var', viewer]
    relay = begin(project.dir, 'start', '--port', String(port), ...options)
    await relay.until(/Ctrl-C ends everything/)
    token = secretOf('ADMIN_TOKEN')
    browser = await launch()
    await send(aPayment())
    await send({ type: 'refund.created', id: 'c-9' })
    await command(project.dir, 'relay', 'simulate', '--journey', '--members', '2', '--url', origin)
  })
  afterAll(async () => {
    await browser?.close()
    if (relay?.child.exitCode === null) {
      relay.child.kill('SIGINT')
      await once(relay.child, 'close')
    }
    receiver.closeAllConnections()
    receiver.close()
    project.remove()
  })

  async function signedIn(by: string, setting: Setting) {
    const tab = await openTab(browser, origin, setting)
    await signIn(tab.page, by)
    return tab
  }

  return {
    send,
    received,
    token: () => token,
    /** Waits until the target has received an event this many times. */
    isReceived: (id: string, times: number, timeout = 20_000) =>
      vi.waitFor(() => expect(received.filter((one) => one === id)).toHaveLength(times), timeout),
    /** Changes the log without the relay. */
    tamper: (sql: string) => tamperWith(path.join(project.dir, '.state'), sql),
    /** A tab that is not signed in. */
    aTab: (setting: Setting = {}) => openTab(browser, origin, setting),
    /** A tab that is signed in. */
    anOperator: (setting: Setting = {}) => signedIn(token, setting),
    /** A tab that is signed in only to read. */
    aViewer: (setting: Setting = {}) => signedIn(VIEWER_TOKEN, setting),
  }
}

/** A payment as Hype sends it. */
export const aPayment = (overrides: object = {}) => ({
  id: 'c-1',
  publisher_id: 'p-1',
  email: 'ana@example.com',
  type: 'payment.created',
  source: 'user',
  data: { tier: 'Gold', total: 10 },
  timestamp: 1_795_212_900,
  ...overrides,
})
