import { describe, expect, it } from 'vitest'
import { Heartbeat } from './heartbeat.ts'

/** Asks whenever the heartbeat wants to be asked, until `end`. */
function live(
  heartbeat: Heartbeat,
  start: number,
  end: number,
  hear: (now: number) => boolean = () => false,
) {
  const told: [what: string, at: number][] = []
  for (let now = start; now <= end; now = Math.max(now + 1, heartbeat.deadline())) {
    if (hear(now)) heartbeat.heard(now)
    const due = heartbeat.due(now)
    if (due !== 'nothing') told.push([due, now])
    if (due === 'timeout') break
  }
  return told
}

describe('Heartbeat', () => {
  it('pings at the interval, not before, and once for each', () => {
    const heartbeat = new Heartbeat(100, 1000, 0)
    expect(heartbeat.deadline()).toBe(100)
    expect(heartbeat.due(99.9)).toBe('nothing')
    expect(heartbeat.due(100)).toBe('ping')
    expect(heartbeat.due(100)).toBe('nothing')
    expect(heartbeat.deadline()).toBe(200)
  })

  it('gives up at the timeout, and not before', () => {
    const heartbeat = new Heartbeat(100, 250, 0)
    expect(live(heartbeat, 0, 1000)).toEqual([
      ['ping', 100],
      ['ping', 200],
      ['timeout', 250],
    ])
    expect(heartbeat.silentMs(250)).toBe(250)
  })

  it('never pings a channel that is busy', () => {
    const heartbeat = new Heartbeat(100, 250, 0)
    for (let now = 0; now < 100_000; now += 99) {
      heartbeat.heard(now)
      expect(heartbeat.due(now)).toBe('nothing')
      expect(heartbeat.due(now + 98)).toBe('nothing')
    }
  })

  it('counts the interval anew from each word, and from each ping', () => {
    const heartbeat = new Heartbeat(100, 1000, 0)
    heartbeat.heard(60)
    expect(heartbeat.due(100)).toBe('nothing')
    expect(heartbeat.deadline()).toBe(160)
    expect(heartbeat.due(160)).toBe('ping')
    heartbeat.heard(165)
    expect(heartbeat.due(260)).toBe('nothing')
    expect(heartbeat.due(265)).toBe('ping')
  })

  it('lives as long as answers come, however late before the timeout', () => {
    const heartbeat = new Heartbeat(100, 250, 0)
    const told = live(heartbeat, 0, 100_000, (now) => heartbeat.silentMs(now) >= 249)
    expect(told.every(([what]) => what === 'ping')).toBe(true)
    expect(told.length).toBeGreaterThan(300)
  })

  it('does not count the time in which its own process stood still', () => {
    const heartbeat = new Heartbeat(100, 250, 0)
    expect(heartbeat.due(5000)).toBe('ping')
    expect(heartbeat.silentMs(5000)).toBe(100)
    expect(heartbeat.due(5100)).toBe('ping')
    expect(heartbeat.due(5149)).toBe('nothing')
    expect(heartbeat.due(5150)).toBe('timeout')
  })

  it('counts a question that comes no more than an interval late', () => {
    const heartbeat = new Heartbeat(100, 250, 0)
    expect(heartbeat.due(200)).toBe('ping')
    expect(heartbeat.silentMs(200)).toBe(200)
  })

  it('starts anew when told to', () => {
    const heartbeat = new Heartbeat(100, 250, 0)
    expect(heartbeat.due(100)).toBe('ping')
    expect(heartbeat.due(200)).toBe('ping')
    expect(heartbeat.due(250)).toBe('timeout')
    heartbeat.restart(250)
    expect(heartbeat.silentMs(250)).toBe(0)
    expect(heartbeat.deadline()).toBe(350)
    expect(live(heartbeat, 251, 1000)).toEqual([
      ['ping', 350],
      ['ping', 450],
      ['timeout', 500],
    ])
  })

  it('asks to be asked at a time that lies ahead', () => {
    const heartbeat = new Heartbeat(100, 250, 0)
    for (let now = 0; now < 3000; now += 7) {
      if (now % 5 === 0) heartbeat.heard(now)
      if (heartbeat.due(now) === 'timeout') heartbeat.restart(now)
      expect(heartbeat.deadline()).toBeGreaterThan(now)
    }
  })
})
