import { FakeNetwork, plain, VirtualLoop } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { StreamTransport, TransportPlugin } from '../ports/transport.ts'
import { ProtoFactory } from './proto-factory.ts'

/** A transport that takes its time to listen. */
function slowToListen(network: FakeNetwork, loop: VirtualLoop): TransportPlugin {
  const plugin = network.streams()
  return {
    ...plugin,
    address: plugin.address,
    parse: plugin.parse,
    matches: plugin.matches,
    create(services) {
      const transport = plugin.create(services) as StreamTransport
      return {
        carries: 'bytes',
        connect: (address, signal) => transport.connect(address, signal),
        async listen(address, owner) {
          await new Promise<void>((resolve) => void loop.wakeAt(loop.now() + 100, resolve))
          return transport.listen(address, owner)
        },
      }
    },
  }
}

describe('a pipe that ends while it binds', () => {
  it('has given the address back when close resolves, and may be bound again', async () => {
    const loop = new VirtualLoop()
    const network = new FakeNetwork(loop, { seed: 1 })
    const factory = new ProtoFactory({ platform: network.platform })
      .add('slow', slowToListen(network, loop))
      .add('chat', plain())
    const pipe = factory.create('slow', 'server', 'chat')
    const outcome = pipe.bind().then(
      () => 'bound',
      (error: { code: string }) => error.code,
    )
    await loop.advance(10)
    const closed = pipe.close().then(() => network.leftovers())
    await loop.advance(50)
    expect(await Promise.race([closed, Promise.resolve('under way')])).toBe('under way')
    expect(await loop.until(closed)).toEqual([])
    expect(await outcome).toBe('not-bound')
    await loop.until(pipe.bind())
    pipe.destroy()
    await loop.advance(1000)
    expect(network.leftovers()).toEqual([])
  })
})
