import { type PairOptions, pair } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { CloseReason } from '../base/close-reason.ts'
import type { MillraceError } from '../base/millrace-error.ts'
import type { Pipe } from '../pipe/pipe.ts'
import type { AnyMessages } from '../pipe/target-types.ts'
import type { Runnable } from '../ports/driver.ts'
import type { Link } from '../ports/transport.ts'

const ways = [
  ['plain', {}],
  ['encrypted', { encryption: { key: new Uint8Array(32).fill(7) } }],
] as const

describe.each(ways)('a link of a third party that fails, %s,', (_way, encryption) => {
  /** A channel with an accepted link that fails in one method from now on. */
  async function failing(method: keyof Link, options: PairOptions<AnyMessages> = {}) {
    const { network } = options
    const both = await pair({
      accepting: { ...encryption, ...options.accepting },
      opening: encryption,
      ...(network && { network }),
    })
    const { rig, accepting, accepted } = both
    const ends: CloseReason[] = []
    accepted.on('close', (reason) => void ends.push(reason))
    const { errors } = rig.diary(accepting)
    const link = rig.network.connections[0].accepted
    const heal = () => Reflect.deleteProperty(link, method)
    const value = () => {
      throw new Error('out of order')
    }
    Object.defineProperty(link, method, { value, configurable: true })
    return { ...both, ends, errors, heal }
  }

  function expectFailure(errors: readonly MillraceError[], method: string): void {
    expect(errors.map(({ code }) => code)).toEqual(['link-failed'])
    expect(errors[0].message).toContain(`the method '${method}' of the link failed: out of order`)
  }

  it('ends its channel when it can send no more, after the call that sent', async () => {
    const { rig, accepted, opened, ends, errors } = await failing('send')
    // So much that it leaves at once.
    expect(accepted.send('x', 'y'.repeat(70_000))).toBe('queued')
    expect(ends).toEqual([])
    await rig.loop.advance(1000)
    expect(ends.map(({ code }) => code)).toEqual(['link-failed'])
    expect(opened.reason).toBeDefined()
    expectFailure(errors, 'send')
    await rig.end()
  })

  it('is gone when it cannot be destroyed, which a channel that has ended tells to error', async () => {
    const { rig, accepted, ends, errors, heal } = await failing('destroy')
    accepted.destroy()
    heal()
    await rig.loop.advance(1000)
    expect(ends).toEqual([{ code: 'destroyed' }])
    expectFailure(errors, 'destroy')
    await rig.end()
  })

  it('is gone when it cannot say what waits', async () => {
    const { rig, accepted, ends, errors } = await failing('buffered', { network: { leaving: 'polled' } })
    accepted.send('x', 1)
    await rig.loop.advance(1000)
    expect(ends.map(({ code }) => code)).toEqual(['link-failed'])
    expectFailure(errors, 'buffered')
    await rig.end()
  })

  it('lets the close of a pipe settle when its driver gives no more turns', async () => {
    let isDriving = true
    const ready = (runnable: Runnable) => {
      if (isDriving) queueMicrotask(() => (runnable as Pipe).process())
    }
    const { rig, accepting, accepted, errors } = await failing('end', { accepting: { drive: { ready } } })
    isDriving = false
    await rig.until(accepting.close())
    expect(accepted.reason).toBeDefined()
    accepting.process()
    expectFailure(errors, 'end')
    await rig.end()
  })
})
