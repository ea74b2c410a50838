import { expect, it } from 'vitest'
import { NodePackets } from './node-packets.ts'

it('a socket sends nothing to port 0, from which a forged datagram may have come, and goes on', async () => {
  const host = '127.0.0.1'
  const heard: string[] = []
  let hears = () => {}
  const came = new Promise<void>((resolve) => {
    hears = resolve
  })
  const owner = {
    received(bytes: Uint8Array) {
      heard.push(new TextDecoder().decode(bytes))
      hears()
    },
    failed(error: unknown) {
      throw error
    },
  }
  const socket = await new NodePackets().open({ host, port: 0 }, owner)
  socket.send(Buffer.from('lost'), 0, 4, 0, host)
  socket.send(Buffer.from('sent'), 0, 4, socket.port, host)
  await came
  await socket.close()
  expect(heard).toEqual(['sent'])
})
