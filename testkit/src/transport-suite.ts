import { createHash } from 'node:crypto'
import type {
  Address,
  Link,
  Listener,
  StreamTransport,
  TransportPlugin,
  TransportServices,
} from '@millrace/core'
import { Random } from '@millrace/sim'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { End } from './link-end.ts'

/** What every transport of streams must do. `freshAddress` returns the fields of an address that is free; `services` are of the platform that it runs on. */
export function transportSuite<Fields extends object>(
  name: string,
  makePlugin: () => TransportPlugin<Fields>,
  freshAddress: () => Fields,
  services: TransportServices,
): void {
  describe(`transport ${name}`, () => {
    let plugin: TransportPlugin<Fields>
    let transport: StreamTransport
    let listeners: Listener[]
    let ends: End[]

    beforeEach(() => {
      plugin = makePlugin()
      transport = plugin.create(services) as StreamTransport
      listeners = []
      ends = []
    })

    afterEach(async () => {
      // First, so that no link comes behind those that are destroyed.
      await Promise.all(listeners.map((listener) => listener.close()))
      for (const end of ends) end.link.destroy()
      await Promise.all(ends.map((end) => end.when(() => end.isGone)))
      for (const end of ends) {
        expect(end.pool.outstanding()).toEqual([])
        expect(end.told.filter((what) => what === 'gone').length).toBe(1)
        expect(end.told.at(-1)).toBe('gone')
        expect(end.told.filter((what) => what === 'ended').length).toBeLessThan(2)
        expect(end.calledInside).toBe(0)
      }
    })

    const address = () => plugin.address(name, freshAddress())
    const end = (link: Link) => {
      const made = new End(link)
      ends.push(made)
      return made
    }

    async function listen(at: Address = address()) {
      const accepted: End[] = []
      let arrived = () => {}
      const listener = await transport.listen(at, {
        accepted: (link) => {
          accepted.push(end(link))
          arrived()
        },
        failed: (error) => expect(error).toBeUndefined(),
      })
      listeners.push(listener)
      const one = async (index: number) => {
        while (accepted.length <= index) {
          await new Promise<void>((resolve) => {
            arrived = resolve
          })
        }
        return accepted[index]
      }
      return { listener, one }
    }

    async function linked() {
      const { listener, one } = await listen()
      const opened = end(await transport.connect(listener.address))
      return { listener, opened, accepted: await one(0) }
    }

    it('brings bytes in their order, both ways', async () => {
      const { opened, accepted } = await linked()
      const random = new Random(1)
      const hash = createHash('sha256')
      for (let count = 0; count < 300; count++) {
        const bytes = random.bytes(random.integer(1, 2000))
        hash.update(bytes)
        opened.send(bytes)
        if (count % 50 === 0) await opened.when(() => opened.leftSize === opened.givenSize)
      }
      await accepted.when(() => accepted.receivedSize === opened.givenSize)
      expect(accepted.digest).toBe(hash.digest('hex'))
      accepted.send(Uint8Array.of(1, 2, 3))
      await opened.when(() => opened.receivedSize === 3)
      expect([...opened.last]).toEqual([1, 2, 3])
    })

    it('brings a large gather write whole, and says once what left', async () => {
      const { opened, accepted } = await linked()
      const bytes = new Random(2).bytes(3_000_000)
      opened.send(bytes, 'shared')
      await accepted.when(() => accepted.receivedSize === bytes.length)
      await opened.when(() => opened.leftSize === bytes.length)
      expect(accepted.digest).toBe(createHash('sha256').update(bytes).digest('hex'))
      expect(opened.leftSize).toBe(opened.givenSize)
    })

    it('brings 1 MiB both ways at once', async () => {
      const { opened, accepted } = await linked()
      const [one, two] = [new Random(3).bytes(1 << 20), new Random(4).bytes(1 << 20)]
      for (let at = 0; at < 1 << 20; at += 1 << 16) {
        opened.send(one.subarray(at, at + (1 << 16)))
        accepted.send(two.subarray(at, at + (1 << 16)))
      }
      await Promise.all([
        accepted.when(() => accepted.receivedSize === 1 << 20),
        opened.when(() => opened.receivedSize === 1 << 20),
        opened.when(() => opened.leftSize === 1 << 20),
        accepted.when(() => accepted.leftSize === 1 << 20),
      ])
      expect(accepted.digest).toBe(createHash('sha256').update(one).digest('hex'))
      expect(opened.digest).toBe(createHash('sha256').update(two).digest('hex'))
    })

    it('takes an empty batch', async () => {
      const { opened, accepted } = await linked()
      opened.send(new Uint8Array(0))
      opened.send(Uint8Array.of(7))
      await accepted.when(() => accepted.receivedSize === 1)
      await opened.when(() => opened.leftSize === 1)
    })

    it('holds memory while the peer does not read, and gives it back as it does', async ({ skip }) => {
      const { opened, accepted } = await linked()
      if (accepted.link.pause === undefined) skip('its links cannot pause')
      accepted.call(() => accepted.link.pause?.())
      const piece = new Random(5).bytes(1 << 20)
      const hash = createHash('sha256')
      for (let count = 0; count < 32; count++) {
        hash.update(piece)
        opened.send(piece, 'shared')
      }
      await settled(() => opened.leftSize)
      expect(opened.leftSize).toBeLessThan(opened.givenSize)
      expect(accepted.receivedSize).toBeLessThan(opened.givenSize)
      accepted.call(() => accepted.link.resume?.())
      await accepted.when(() => accepted.receivedSize === opened.givenSize)
      await opened.when(() => opened.leftSize === opened.givenSize)
      expect(accepted.digest).toBe(hash.digest('hex'))
    })

    it('pauses and resumes any number of times', async ({ skip }) => {
      const { opened, accepted } = await linked()
      if (accepted.link.pause === undefined) skip('its links cannot pause')
      for (let count = 0; count < 20; count++) {
        accepted.call(() => accepted.link.pause?.())
        accepted.call(() => accepted.link.pause?.())
        opened.send(new Uint8Array(5000).fill(count))
        accepted.call(() => accepted.link.resume?.())
        await accepted.when(() => accepted.receivedSize === opened.givenSize)
        expect(accepted.last.at(-1)).toBe(count)
      }
    })

    it('has both of pause and resume, or neither', async () => {
      const { opened, accepted } = await linked()
      for (const { link } of [opened, accepted]) {
        expect(link.pause === undefined).toBe(link.resume === undefined)
      }
    })

    it('ends one direction after everything sent, and lets the other live', async () => {
      const { opened, accepted } = await linked()
      opened.send(new Uint8Array(200_000))
      opened.call(() => opened.link.end())
      await accepted.when(() => accepted.told.includes('ended'))
      expect(accepted.receivedSize).toBe(200_000)
      expect(accepted.isGone).toBe(false)
      accepted.send(new Uint8Array(100_000))
      accepted.call(() => accepted.link.end())
      await Promise.all([opened, accepted].map((each) => each.when(() => each.isGone)))
      expect(opened.receivedSize).toBe(100_000)
      expect(opened.told).toContain('ended')
      expect([opened.error, accepted.error]).toEqual([undefined, undefined])
    })

    it('destroyed tells that it is gone, once, and the peer sees it', async () => {
      const { opened, accepted } = await linked()
      opened.call(() => opened.link.destroy())
      opened.call(() => opened.link.destroy())
      await opened.when(() => opened.isGone)
      await accepted.when(() => accepted.isGone || accepted.told.includes('ended'))
      accepted.call(() => accepted.link.end())
      await accepted.when(() => accepted.isGone)
    })

    it('destroyed gives back what had not left', async () => {
      const { opened, accepted } = await linked()
      accepted.call(() => accepted.link.pause?.())
      for (let count = 0; count < 32; count++) opened.send(new Uint8Array(1 << 20), 'shared')
      opened.send(new Uint8Array(100_000))
      opened.call(() => opened.link.destroy())
      opened.send(Uint8Array.of(1))
      await opened.when(() => opened.isGone)
      expect(opened.pool.outstanding()).toEqual([])
      accepted.call(() => accepted.link.destroy())
    })

    it('that has no listener says so', async () => {
      const { listener } = await listen()
      const at = listener.address
      await listener.close()
      await expect(transport.connect(at)).rejects.toMatchObject({
        code: expect.stringMatching(/ECONNREFUSED|ENOENT/),
      })
    })

    it('has each address once, and frees it', async () => {
      const { listener } = await listen()
      const owner = { accepted() {}, failed() {} }
      const second = plugin.create(services) as StreamTransport
      await expect(second.listen(listener.address, owner)).rejects.toMatchObject({
        code: expect.stringMatching(/^(EADDRINUSE|address-in-use)$/),
      })
      await listener.close()
      const again = await second.listen(listener.address, owner)
      await again.close()
    })

    it('lets open links live when its listener closes', async () => {
      const { listener, opened, accepted } = await linked()
      await listener.close()
      opened.send(Uint8Array.of(1))
      await accepted.when(() => accepted.receivedSize === 1)
    })

    it('takes many at once', async () => {
      const { listener, one } = await listen()
      const links = await Promise.all(Array.from({ length: 50 }, () => transport.connect(listener.address)))
      const opened = links.map(end)
      for (const [index, each] of opened.entries()) each.send(new Uint8Array(1 + index))
      const sizes: number[] = []
      for (let index = 0; index < 50; index++) {
        const accepted = await one(index)
        await accepted.when(() => accepted.receivedSize > 0)
        sizes.push(accepted.receivedSize)
      }
      expect(sizes.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => 1 + index))
    })

    it('gives up connecting when told to', async () => {
      const { listener } = await listen()
      const reason = new Error('not any more')
      const controller = new AbortController()
      const connecting = transport.connect(listener.address, controller.signal)
      controller.abort(reason)
      await expect(connecting).rejects.toBe(reason)
    })

    it('writes its addresses as URLs, and reads them back', async () => {
      const written = address()
      expect(written.text.startsWith(`${name}://`)).toBe(true)
      const { listener } = await listen(written)
      for (const { text } of [written, listener.address]) {
        const read = plugin.parse(name, text.slice(`${name}://`.length))
        expect(read.text).toBe(text)
      }
      const read = plugin.parse(name, listener.address.text.slice(`${name}://`.length))
      expect(plugin.matches(read, listener.address)).toBe(true)
      const opened = end(await transport.connect(read))
      opened.link.destroy()
    })

    it('says what would be right instead of a wrong address', () => {
      const wanted = expect.objectContaining({
        code: 'address-invalid',
        message: expect.stringContaining(`${name} wants`),
      })
      expect(() => plugin.address(name, {} as Fields)).toThrowError(wanted)
      expect(() => plugin.parse(name, '')).toThrowError(wanted)
      for (const field of plugin.addressFields) {
        expect(() => plugin.address(name, { ...freshAddress(), [field]: undefined })).toThrowError(wanted)
      }
    })

    it('describes its links in one line', async () => {
      const { opened, accepted } = await linked()
      for (const { link } of [opened, accepted]) expect(link.describe()).toMatch(/^\S.*$/)
    })
  })
}

/** Waits until a number stands still for a while. */
async function settled(value: () => number): Promise<void> {
  for (let last = -1, still = 0; still < 5; ) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    still = value() === last ? still + 1 : 0
    last = value()
  }
}
