import { TimerWheel } from '@millrace/timer'
import { describe, expect, it } from 'vitest'
import type { DatagramConnection } from './connection.ts'
import { ConnectionAlarm } from './connection-alarm.ts'
import { FewDeadlines } from './few-deadlines.ts'

/** An alarm of a connection that has this deadline, and when it was called. */
function rig(keeper: TimerWheel | FewDeadlines, deadline: number) {
  const calls: number[] = []
  const connection = {
    deadline,
    advance(now: number) {
      calls.push(now)
      this.deadline = Number.POSITIVE_INFINITY
    },
  }
  const alarm = new ConnectionAlarm(connection as unknown as DatagramConnection, keeper)
  return { alarm, connection, calls }
}

describe.each([
  ['a wheel', () => new TimerWheel(0)],
  ['few deadlines', () => new FewDeadlines()],
])('the alarm of a connection, by %s', (_name, make) => {
  it('calls at the deadline, once', () => {
    const keeper = make()
    const { alarm, calls } = rig(keeper, 100)
    expect(alarm.set()).toBe(true)
    expect(keeper.nextDeadline()).toBe(100)
    for (let now = 99; now <= 120; now++) keeper.advance(now)
    expect(calls).toEqual([100])
    expect(keeper.nextDeadline()).toBe(Number.POSITIVE_INFINITY)
  })

  it('stays where it is when the deadline moves later, and calls at the later one', () => {
    const keeper = make()
    const { alarm, connection, calls } = rig(keeper, 100)
    alarm.set()
    connection.deadline = 170
    expect(alarm.set()).toBe(false)
    expect(keeper.nextDeadline()).toBe(100)
    keeper.advance(100)
    expect(calls).toEqual([])
    expect(keeper.nextDeadline()).toBe(170)
    keeper.advance(170)
    expect(calls).toEqual([170])
  })

  it('moves to an earlier one', () => {
    const keeper = make()
    const { alarm, connection, calls } = rig(keeper, 100)
    alarm.set()
    connection.deadline = 30
    expect(alarm.set()).toBe(true)
    keeper.advance(30)
    expect(calls).toEqual([30])
  })

  it('goes off for nothing, once, where there is no deadline any more', () => {
    const keeper = make()
    const { alarm, connection, calls } = rig(keeper, 100)
    alarm.set()
    connection.deadline = Number.POSITIVE_INFINITY
    alarm.set()
    keeper.advance(100)
    expect(calls).toEqual([])
    expect(keeper.nextDeadline()).toBe(Number.POSITIVE_INFINITY)
  })

  it('is set again by the call itself', () => {
    const keeper = make()
    const { alarm, connection, calls } = rig(keeper, 100)
    alarm.set()
    const { advance } = connection
    connection.advance = function (now) {
      advance.call(this, now)
      if (now > 100) return
      this.deadline = 100
      alarm.set()
    }
    keeper.advance(100)
    expect(calls).toEqual([100])
    keeper.advance(101)
    expect(calls).toEqual([100, 101])
  })

  it('never calls when it was cancelled', () => {
    const keeper = make()
    const { alarm, calls } = rig(keeper, 100)
    alarm.set()
    alarm.cancel()
    keeper.advance(100)
    expect(calls).toEqual([])
  })
})
