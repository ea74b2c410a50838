import { Rig } from '@millrace/testkit'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CallSite } from '../base/call-site.ts'
import { Cancel } from '../base/cancel.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { PipeOptions } from './pipe-options.ts'

let rig: Rig
beforeEach(() => {
  rig = new Rig()
})
afterEach(() => rig.end())

function whoOpens(options: PipeOptions = {}) {
  return rig.pipe('server', options).open()
}

function whoBinds() {
  return rig.pipe('server').bind()
}

it('an open that fails says who asked', async () => {
  const refused = await rig.failureOf(whoOpens())
  expect(refused.code).toBe('connect-failed')
  expect(refused.stack).toMatch(/whoOpens .*call-site\.test/)
  await rig.until(rig.pipe('server', { drive: 'manual' }).bind())
  const late = await rig.failureOf(whoOpens({ handshakeTimeoutMs: 100 }))
  expect(late.code).toBe('handshake-failed')
  expect(late.stack?.match(/whoOpens/g)).toHaveLength(1)
  expect(late.stack).not.toContain('Pipe.open')
})

it('a bind that fails says who asked', async () => {
  await rig.until(whoBinds())
  const taken = await rig.failureOf(whoBinds())
  expect(taken.code).toBe('address-in-use')
  expect(taken.stack).toMatch(/whoBinds .*call-site\.test/)
})

it('each of several that end for one reason says who asked for it', async () => {
  await rig.until(rig.pipe('server', { drive: 'manual' }).bind())
  const client = rig.pipe('server')
  const whoIsFirst = () => client.open()
  const whoIsSecond = () => client.open()
  const openings = [whoIsFirst(), whoIsSecond()]
  for (const opening of openings) opening.catch(() => {})
  await rig.loop.advance(10)
  void client.close()
  const [first, second] = [await rig.failureOf(openings[0]), await rig.failureOf(openings[1])]
  expect([first.code, second.code]).toEqual(['channel-closed', 'channel-closed'])
  expect(first.stack).toContain('whoIsFirst')
  expect(first.stack).not.toContain('whoIsSecond')
  expect(second.stack).toContain('whoIsSecond')
})

it('leaves the reason of a signal as it is', async () => {
  const cancel = new Cancel()
  const reason = new MillraceError('channel-closed', 'mine')
  const { stack } = reason
  cancel.abort(reason)
  const opening = rig.pipe('server').open('remote', { signal: cancel })
  expect(await rig.failureOf(opening)).toBe(reason)
  expect(reason.stack).toBe(stack)
})

it('says nothing in an engine that tells no stacks', () => {
  const capture = Object.getOwnPropertyDescriptor(Error, 'captureStackTrace') as PropertyDescriptor
  Object.defineProperty(Error, 'captureStackTrace', { ...capture, value: undefined })
  try {
    const error = new MillraceError('unsupported', 'no')
    const { stack } = error
    new CallSite(whoOpens).mark(error)
    expect(error.stack).toBe(stack)
  } finally {
    Object.defineProperty(Error, 'captureStackTrace', capture)
  }
})
