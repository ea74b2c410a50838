import {
  type ConnectToken,
  SEALED_TOKEN_SIZE_MAX,
  type TokenChecker,
  type TokenRefusal,
} from '@millrace/cipher'
import type { Channel, EncryptionOptions } from '@millrace/core'
import { TokenLogin } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { Host } from './host.ts'
import { World, type WorldOptions } from './world.ts'

type Over = 'udp' | 'tcp'

/** A server that takes tokens, and a player. */
async function meet(options: WorldOptions, over: Over = 'udp') {
  const world = new World(options)
  const [server, player] = [world.host('server'), world.host('player')]
  const login = new TokenLogin(server.random, () => server.date())
  const verifier = login.verifier()
  const asked: (readonly [address: string, outcome: string])[] = []
  const tokens: TokenChecker = {
    verify: (sealed, address, wallMs) => {
      const result = verifier.verify(sealed, address, wallMs)
      asked.push([address, result.outcome])
      return result
    },
  }
  const patience = { handshakeTimeoutMs: 20_000 }
  const encryption: EncryptionOptions = { identity: login.identity, tokens }
  const pipe = server.factory().create(over, 'server', 7777, 'msgpack', { encryption, ...patience })
  const refused: (TokenRefusal | undefined)[] = []
  const accepted: Channel[] = []
  const heard: unknown[] = []
  pipe.on('error', (_pipe, { tokenRefusal }) => void refused.push(tokenRefusal))
  pipe.on('accepted', (_pipe, channel) => {
    accepted.push(channel as unknown as Channel)
    channel.on('n', (n) => void heard.push(n))
  })
  await world.until(pipe.bind())
  const open = (token: ConnectToken | string, more: object = patience, from: Host = player) =>
    from
      .factory()
      .create(over, 'server', 7777, 'msgpack', { encryption: { token }, ...more })
      .open()
  const fail = (token: ConnectToken, more?: object): Promise<unknown> =>
    open(token, more).then(
      () => 'it opened',
      (error: unknown) => error,
    )
  const end = async () => {
    await world.until(Promise.all(accepted.map((channel) => channel.close())), 600_000)
    await world.until(pipe.close(), 600_000)
    await world.end()
  }
  return { world, server, player, login, verifier, asked, refused, accepted, heard, open, fail, end }
}

/** As large as a token can be. */
function largest(login: TokenLogin): ConnectToken {
  const others = Array.from({ length: 7 }, (_, index) => ({
    ...login.server,
    id: `${index}`.padStart(64, 'x'),
  }))
  const token = login.issue({
    userId: 'u'.repeat(64),
    servers: [login.server, ...others],
    clientAddress: undefined,
    userData: new Uint8Array(256).fill(7),
  })
  expect(token.sealed.length).toBeGreaterThan(SEALED_TOKEN_SIZE_MAX - 150)
  return token
}

const rough = { delayMs: [20, 60], loss: 0.25, duplication: 0.25, reorder: 0.3, reorderMs: [1, 80] } as const

describe.each<Over>(['udp', 'tcp'])('a connect token over %s', (over) => {
  it.each([1, 2, 3, 4, 5, 6])(
    'opens a channel through loss, doubles and disorder, and counts once, seed %i',
    async (seed) => {
      const { world, player, login, verifier, asked, refused, accepted, heard, open, end } = await meet(
        { seed, net: over === 'udp' ? rough : { ...rough, duplication: 0, reorder: 0, loss: 0.05 } },
        over,
      )
      const pipe = player.factory().create(over, 'server', 7777, 'msgpack', {
        encryption: { token: largest(login).text(), server: 'eu-1' },
        handshakeTimeoutMs: 20_000,
      })
      const channel = await world.until(pipe.open())
      for (let n = 0; n < 20; n++) channel.send('n', n)
      await world.run(10_000)
      expect(heard).toEqual(Array.from({ length: 20 }, (_, n) => n))
      expect(asked).toEqual([[player.address, 'candidate']])
      expect([verifier.usedCount, refused]).toEqual([1, []])
      expect(accepted[0].encryption?.holder?.userId).toBe('u'.repeat(64))
      // The next player is another one.
      await world.until(open(login.issue()))
      expect(accepted[1].encryption?.holder?.userId).toBe('ada')
      await end()
    },
  )
})

describe('a connect token over udp', () => {
  it('costs nothing before an address is proven, whatever is in the requests', async () => {
    const { world, player, server, login, asked, open, end } = await meet({ net: { delayMs: 10 } })
    const place = await world.until(
      player.packets.open({ host: '0.0.0.0', port: 0 }, { received() {}, failed() {} }),
    )
    const request = Buffer.alloc(1200)
    request[0] = 0x10
    request[1] = 1
    Buffer.from(login.issue().sealed).copy(request, 30)
    for (let count = 0; count < 300; count++) {
      request.writeUInt32LE(count, 2)
      place.send(request, 0, request.length, 7777, server.address)
    }
    await world.run(1000)
    expect(asked).toEqual([])
    await world.until(place.close())
    await world.until(open(login.issue()))
    expect(asked).toHaveLength(1)
    await end()
  })

  it('is good for another try when the first ended before it was shown', async () => {
    const { world, server, player, login, verifier, refused, open, fail, end } = await meet({
      net: { delayMs: 60 },
    })
    const token = login.issue()
    const first = fail(token, { handshakeTimeoutMs: 3000 })
    // The player has a connection at 240 ms, and what he says then arrives at 300.
    await world.run(200)
    world.partition([player], [server], 'there')
    expect(await world.until(first)).toMatchObject({ code: 'handshake-failed' })
    world.heal()
    expect(verifier.usedCount).toBe(0)
    expect((await world.until(open(token))).isOpen).toBe(true)
    expect(refused.filter((refusal) => refusal !== undefined)).toEqual([])
    await world.run(20_000)
    await end()
  })

  it('is not when it was shown and the answer was lost: another token is', async () => {
    const { world, server, player, login, verifier, refused, open, fail, end } = await meet({
      net: { delayMs: 60 },
    })
    const token = login.issue()
    const first = fail(token, { handshakeTimeoutMs: 3000 })
    await world.run(270)
    world.partition([server], [player], 'there')
    expect(await world.until(first)).toMatchObject({ code: 'handshake-failed' })
    world.heal()
    expect(verifier.usedCount).toBe(1)
    expect(await world.until(fail(token))).toMatchObject({ code: expect.stringMatching(/failed/) })
    expect(refused.filter((refusal) => refusal !== undefined)).toEqual(['used'])
    expect((await world.until(open(login.issue()))).isOpen).toBe(true)
    await world.run(20_000)
    await end()
  })

  it('outlives an answer that is late on the same connection', async () => {
    const { world, server, player, login, asked, open, end } = await meet({ net: { delayMs: 60 } })
    const opening = open(login.issue())
    await world.run(270)
    world.partition([server], [player], 'there')
    await world.run(4000)
    world.heal()
    expect((await world.until(opening)).isOpen).toBe(true)
    expect(asked).toHaveLength(1)
    await end()
  })

  it('that two show at once opens one channel', async () => {
    const { world, login, refused, accepted, fail, end } = await meet({ net: { delayMs: 30 } })
    const token = login.issue()
    const outcomes = await world.until(Promise.all([fail(token), fail(token)]))
    expect(outcomes.filter((outcome) => outcome === 'it opened')).toHaveLength(1)
    expect([refused, accepted.length]).toEqual([['used'], 1])
    await end()
  })

  it('for one address is good from there alone', async () => {
    const { world, player, login, refused, open, fail, end } = await meet({ net: { delayMs: 30 } })
    await world.until(fail(login.issue({ clientAddress: '198.51.100.77' })))
    expect(refused).toEqual(['other-address'])
    expect((await world.until(open(login.issue({ clientAddress: player.address })))).isOpen).toBe(true)
    await end()
  })

  it('is judged by the clock of the server, not by that of the player', async () => {
    const { world, server, player, login, refused, open, fail, end } = await meet({ net: { delayMs: 30 } })
    player.setDate(player.date() - 3_600_000)
    expect((await world.until(open(login.issue()))).isOpen).toBe(true)
    const token = login.issue()
    server.setDate(server.date() + 60_000)
    await world.until(fail(token))
    server.setDate(server.date() - 120_000)
    await world.until(fail(token))
    expect(refused).toEqual(['expired', 'not-yet'])
    await end()
  })
})
