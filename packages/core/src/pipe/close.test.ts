import { SegmentBuffer } from '@millrace/buffer'
import { pair, plain, RawPeer, Rig, systemError } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { type CloseReason, describeReason } from '../base/close-reason.ts'
import type { Channel } from '../channel/channel.ts'

/** Counts what both sides of a channel are told, in every way in which they can be told. */
function watch(channel: Channel) {
  const told: CloseReason[] = []
  channel.on('close', (reason) => void told.push(reason))
  void channel.closed.then((reason) => told.push(reason))
  return told
}

describe('close', () => {
  it('ends both sides in order, each told once in each way', async () => {
    const { rig, accepting, opening, accepted, opened } = await pair()
    const [here, there] = [watch(opened), watch(accepted)]
    const result = opened.close('bye')
    expect(opened.isOpen).toBe(false)
    const mine = { code: 'closed', by: 'local', why: 'closed', appCode: 0, text: 'bye' }
    const theirs = { code: 'closed', by: 'remote', why: 'closed', appCode: 0, text: 'bye' }
    expect(await rig.until(result)).toEqual(mine)
    expect(here).toEqual([mine, mine])
    expect(there).toEqual([theirs, theirs])
    expect(rig.diary(opening).closed.map(({ reason }) => reason)).toEqual([mine])
    expect(rig.diary(accepting).closed.map(({ reason }) => reason)).toEqual([theirs])
    await rig.end()
  })

  it('lets everything arrive that was sent before', async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { rig, accepted, opened } = await pair({
        seed,
        network: { pieces: 'random', delayMs: [0, 9], windowBytes: 500 },
      })
      const heard: unknown[] = []
      accepted.on('n', (n) => void heard.push(n))
      for (let n = 0; n < 200; n++) expect(opened.send('n', n)).toBe('queued')
      expect((await rig.until(opened.close())).code).toBe('closed')
      await rig.loop.advance(100)
      expect(heard).toEqual(Array.from({ length: 200 }, (_, n) => n))
      await rig.end()
    }
  })

  it('is idempotent, and delivers nothing more on the side that closed', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: unknown[] = []
    opened.on('n', (n) => void heard.push(n))
    accepted.send('n', 1)
    const first = opened.close('a')
    const second = opened.close('b')
    accepted.send('n', 2)
    expect(await rig.until(first)).toEqual(await rig.until(second))
    expect(opened.reason).toMatchObject({ text: 'a' })
    expect(heard).toEqual([])
    expect(await rig.until(opened.close('c'))).toMatchObject({ text: 'a' })
    await rig.end()
  })

  it('of both sides at once gives each its own reason', async () => {
    for (const delay of [0, 5]) {
      const { rig, accepted, opened } = await pair({ network: { delayMs: [delay, delay] } })
      const [here, there] = [watch(opened), watch(accepted)]
      const both = [opened.close('mine'), accepted.close('theirs')]
      await rig.until(Promise.all(both))
      expect(here.map((reason) => reason.code)).toEqual(['closed', 'closed'])
      expect(there.map((reason) => reason.code)).toEqual(['closed', 'closed'])
      expect(opened.reason).toMatchObject({ code: 'closed', by: 'local', text: 'mine' })
      expect(accepted.reason).toMatchObject({ code: 'closed', by: 'local', text: 'theirs' })
      await rig.end()
    }
  })

  it('inside a handler lets no further message through', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: unknown[] = []
    accepted.on('n', (n, channel) => {
      heard.push(n)
      if (n === 2) void channel.close('enough')
    })
    for (let n = 0; n < 10; n++) opened.send('n', n)
    await rig.loop.settle()
    expect(heard).toEqual([0, 1, 2])
    expect(opened.reason).toMatchObject({ code: 'closed', by: 'remote', text: 'enough' })
    expect(accepted.reason).toMatchObject({ code: 'closed', by: 'local', text: 'enough' })
    await rig.end()
  })

  it('inside `accepted`, `connected` and `close` handlers does no harm', async () => {
    const rig = new Rig()
    const accepting = rig
      .pipe()
      .on('accepted', (_pipe, channel) => void channel.close('no'))
      .on('close', (_pipe, channel) => {
        void channel.close('again')
        channel.destroy()
      })
    await rig.until(accepting.bind())
    const opening = rig.pipe().on('connected', (_pipe, channel, _error) => {
      void channel?.close('neither')
    })
    const channel = await rig.until(opening.open().catch(() => undefined))
    await rig.loop.advance(100)
    expect(accepting.channelCount + opening.channelCount).toBe(0)
    expect(channel === undefined || channel.reason?.code === 'closed').toBe(true)
    await rig.end()
  })

  it('makes `send` answer closed, at once and for ever', async () => {
    const { rig, accepted, opened } = await pair()
    const closing = opened.close()
    expect(opened.send('n', 1)).toBe('closed')
    await rig.until(closing)
    expect(opened.send('n', 2)).toBe('closed')
    expect(accepted.send('n', 3)).toBe('closed')
    expect(await rig.until(opened.sendWhenReady('n', 4))).toBe('closed')
    expect(await rig.until(opened.drained())).toBe('closed')
    expect(await rig.failureOf(opened.request('n', 5))).toMatchObject({ code: 'channel-closed' })
    await rig.end()
  })

  it('calls a handler of close that comes late at once', async () => {
    const { rig, opened } = await pair()
    await rig.until(opened.close('x'))
    const told: CloseReason[] = []
    opened.on('close', (reason, channel) => {
      told.push(reason)
      expect(channel).toBe(opened)
    })
    expect(told).toMatchObject([{ code: 'closed', by: 'local', text: 'x' }])
    expect(await rig.until(opened.closed)).toEqual(told[0])
    await rig.end()
  })

  it('reports a handler of close that throws, and calls the others', async () => {
    const { rig, opening, opened } = await pair()
    const told: string[] = []
    opened.on('close', () => {
      throw new Error('oops')
    })
    opened.on('close', () => void told.push('second'))
    await rig.until(opened.close())
    expect(told).toEqual(['second'])
    expect(rig.diary(opening).errors.map(({ code }) => code)).toEqual(['handler-failed'])
    await rig.end()
  })

  it('waits for a peer that does not end no longer than closeTimeoutMs', async () => {
    const { rig, accepting, opened } = await pair({ opening: { closeTimeoutMs: 300 } })
    expect(accepting.channelCount).toBe(1)
    rig.network.connections[0].accepted.freeze('on')
    const closing = opened.close()
    await rig.loop.advance(299)
    expect(opened.reason).toBeUndefined()
    expect(await rig.until(closing)).toMatchObject({ code: 'closed', by: 'local', text: '' })
    expect(rig.loop.now()).toBe(300)
    rig.network.connections[0].accepted.freeze('off')
    await rig.end()
  })

  it('of a pipe ends all channels, refuses those who come, and lets it be bound again', async () => {
    const { rig, accepting, opening, accepted, opened } = await pair()
    const more = await rig.until(opening.open())
    const closing = accepting.close('restart')
    const late = rig.failureOf(opening.open())
    await rig.until(closing)
    expect([accepted, opened, more].map((channel) => channel.reason?.code)).toEqual([
      'closed',
      'closed',
      'closed',
    ])
    expect(opened.reason).toMatchObject({ by: 'remote', text: 'restart' })
    expect((await late).code).toMatch(/connect-failed|handshake-failed|link-failed/)
    await rig.until(accepting.bind())
    expect((await rig.until(opening.open())).isOpen).toBe(true)
    await rig.end()
  })

  it('by `await using` ends a channel and a pipe', async () => {
    const rig = new Rig()
    const accepting = rig.pipe()
    await rig.until(accepting.bind())
    let kept: Channel | undefined
    const scope = async () => {
      await using pipe = rig.pipe()
      await using channel = await pipe.open()
      kept = channel
      channel.send('n', 1)
    }
    await rig.until(scope())
    expect(kept?.reason).toMatchObject({ code: 'closed', by: 'local', text: '' })
    await rig.end()
  })
})

describe('destroy', () => {
  it('ends at once, and the peer hears of a link that ended', async () => {
    const { rig, accepted, opened } = await pair()
    const [here, there] = [watch(opened), watch(accepted)]
    opened.destroy()
    expect(opened.reason).toEqual({ code: 'destroyed' })
    await rig.loop.settle()
    expect(here).toEqual([{ code: 'destroyed' }, { code: 'destroyed' }])
    expect(there).toEqual([{ code: 'link-ended' }, { code: 'link-ended' }])
    opened.destroy()
    expect(await rig.until(opened.close())).toEqual({ code: 'destroyed' })
    await rig.end()
  })

  it('stays apart from close: destroying while closing is told as destroyed', async () => {
    const { rig, opened } = await pair()
    const closing = opened.close()
    opened.destroy()
    expect(await rig.until(closing)).toEqual({ code: 'destroyed' })
    await rig.end()
  })

  it('inside a handler lets no further message through', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: unknown[] = []
    accepted.on('n', (n, channel) => {
      heard.push(n)
      channel.destroy()
    })
    for (let n = 0; n < 10; n++) opened.send('n', n)
    await rig.loop.settle()
    expect(heard).toEqual([0])
    await rig.end()
  })

  it('of a pipe ends all its channels, says so once, and makes it unusable', async () => {
    const { rig, accepting, opening, accepted, opened } = await pair()
    accepting.destroy()
    accepting.destroy()
    expect(accepted.reason).toEqual({ code: 'destroyed' })
    await rig.loop.settle()
    expect(opened.reason).toMatchObject({ code: 'link-ended' })
    expect(rig.diary(accepting).destroyCount).toBe(1)
    expect(rig.diary(opening).destroyCount).toBe(0)
    expect(await rig.failureOf(accepting.bind())).toMatchObject({ code: 'not-bound' })
    expect(await rig.failureOf(accepting.open())).toMatchObject({ code: 'not-bound' })
    await rig.end()
  })

  it('of a pipe while it binds frees the address', async () => {
    const rig = new Rig()
    const pipe = rig.pipe()
    const binding = rig.failureOf(pipe.bind())
    pipe.destroy()
    expect(await binding).toMatchObject({ code: 'not-bound' })
    const again = rig.pipe()
    await rig.until(again.bind())
    await rig.end()
  })

  it('of a pipe while it opens rejects the opening', async () => {
    const rig = new Rig({ network: { delayMs: [10, 10] } })
    const accepting = rig.pipe()
    await rig.until(accepting.bind())
    for (const waitMs of [0, 15, 25, 35]) {
      const opening = rig.pipe()
      const failure = rig.failureOf.bind(rig, opening.open())
      await rig.loop.advance(waitMs)
      opening.destroy()
      expect((await failure()).code, `after ${waitMs} ms`).toMatch(/not-bound|channel-closed/)
    }
    await rig.end()
  })

  it('before anything happened does no harm', async () => {
    const rig = new Rig()
    rig.pipe().destroy()
    rig.watch(rig.factory.create('nameless'))
    await rig.end()
  })
})

/** One way to bring about each reason; answers the channel that ended for it. The one left out: link/weak-links.test.ts. */
type Cause = () => Promise<{ rig: Rig; channel: Channel; peer?: Channel; other?: CloseReason['code'] }>

const causes: Record<Exclude<CloseReason['code'], Handshake | 'receive-overflow'>, Cause> = {
  closed: async () => {
    const { rig, accepted, opened } = await pair()
    void opened.close()
    return { rig, channel: opened, peer: accepted, other: 'closed' }
  },
  destroyed: async () => {
    const { rig, accepted, opened } = await pair()
    opened.destroy()
    return { rig, channel: opened, peer: accepted, other: 'link-ended' }
  },
  'heartbeat-timeout': async () => {
    const { rig, accepted, opened } = await pair()
    opened.setHeartbeat(100, 300)
    rig.network.connections[0].opened.freeze('on')
    return { rig, channel: opened, peer: accepted, other: 'link-ended' }
  },
  'protocol-violation': async () => {
    const rig = new Rig()
    const accepting = rig.pipe()
    await rig.until(accepting.bind())
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.sendHello()
    await rig.loop.settle()
    peer.sendFrame(1)
    return { rig, channel: rig.diary(accepting).accepted[0] as Channel }
  },
  overflow: async () => {
    const { rig, accepted, opened } = await pair({ opening: { highWaterBytes: 1000, overflow: 'close' } })
    while (opened.send('text', 'x'.repeat(300)) === 'queued');
    return { rig, channel: opened, peer: accepted, other: 'closed' }
  },
  'message-rate': async () => {
    const { rig, accepted, opened } = await pair({ accepting: { messageRate: 5, overRate: 'close' } })
    for (let n = 0; n < 6; n++) opened.send('n', n)
    return { rig, channel: accepted, peer: opened, other: 'closed' }
  },
  'slow-reader': async () => {
    const { rig, accepted, opened } = await pair({
      opening: { stallTimeoutMs: 500 },
      network: { windowBytes: 100 },
    })
    rig.network.connections[0].accepted.freeze('on')
    opened.send('text', 'x'.repeat(300))
    return { rig, channel: opened, peer: accepted }
  },
  'total-overflow': async () => {
    const options = { bytesMax: 1000, stallTimeoutMs: 500 }
    const { rig, accepted, opened } = await pair({ options })
    accepted.on('text', () => new Promise(() => {}))
    opened.send('text', 'x'.repeat(300))
    return {
      rig,
      channel: accepted as unknown as Channel,
      peer: opened as unknown as Channel,
      other: 'closed',
    }
  },
  'encryption-failed': async () => {
    const encryption = { key: new Uint8Array(32).fill(7) }
    const { rig, accepted, opened } = await pair({ accepting: { encryption }, opening: { encryption } })
    const forged = new SegmentBuffer(rig.pool)
    forged.append(Uint8Array.from({ length: 42 }, (_, index) => (index === 0 ? 40 : 0)))
    rig.network.connections[0].opened.send(forged.take())
    return { rig, channel: accepted, peer: opened, other: 'link-ended' }
  },
  'link-ended': async () => {
    const { rig, accepted, opened } = await pair()
    rig.network.connections[0].cut()
    return { rig, channel: opened, peer: accepted, other: 'link-ended' }
  },
  'link-failed': async () => {
    const { rig, accepted, opened } = await pair()
    rig.network.connections[0].cut(systemError('ECONNRESET', 'cut'))
    return { rig, channel: opened, peer: accepted, other: 'link-failed' }
  },
}

type Handshake = 'refused' | 'handshake-timeout' | 'protocol-mismatch' | 'contract-mismatch'

/** Those that end a channel before it was one: `open` rejects with this code. */
const refusals: Record<Handshake, { readonly code: string; run(rig: Rig): Promise<unknown> }> = {
  refused: {
    code: 'channel-limit',
    run: async (rig) => {
      await rig.until(rig.pipe('server', { maxOpenChannels: 1 }).bind())
      const opening = rig.pipe()
      await rig.until(opening.open())
      return rig.failureOf(opening.open())
    },
  },
  'handshake-timeout': {
    code: 'handshake-failed',
    run: async (rig) => {
      await RawPeer.listen(rig.network, 'net://server')
      return rig.failureOf(rig.pipe().open())
    },
  },
  'protocol-mismatch': {
    code: 'protocol-mismatch',
    run: (rig) => refusedBy(rig, plain({ name: 'other' })),
  },
  'contract-mismatch': {
    code: 'contract-mismatch',
    run: (rig) => refusedBy(rig, plain({ contract: { messages: { a: 2 } } })),
  },
}

async function refusedBy(rig: Rig, protocol: ReturnType<typeof plain>): Promise<unknown> {
  await rig.until(rig.pipe().bind())
  return rig.failureOf(rig.pipeOf(protocol).open())
}

describe('every close reason', () => {
  it.each(Object.entries(causes))('%s is told exactly once on each side', async (code, cause) => {
    const { rig, channel, peer, other } = await cause()
    const told = watch(channel)
    await rig.loop.advance(20_000)
    expect(told.map((reason) => reason.code)).toEqual([code, code])
    expect(channel.reason).toBe(told[0])
    expect(describeReason(told[0]).length).toBeGreaterThan(10)
    expect(channel.describe()).toContain('closed')
    if (other !== undefined) expect(peer?.reason?.code).toBe(other)
    await rig.end()
  })

  it.each(Object.entries(refusals))(
    '%s makes `open` reject, and no channel',
    async (_reason, { code, run }) => {
      const rig = new Rig({ protocol: plain({ contract: { messages: { a: 1 } } }) })
      expect(await run(rig)).toMatchObject({ code })
      await rig.end()
    },
  )
})
