'use strict'
const assert = require('node:assert/strict')
const { createServer } = require('node:net')

/** A typed message there and back over tcp, through the default factory of the umbrella package. */
exports.echo = async function echo({ protoFactory, bits, contract, u32, text }) {
  const words = contract({ say: { id: u32, line: text(64) } })
  const net = protoFactory.add('smoke', bits(words))
  const port = await freePort()

  const server = net.create('tcp', '127.0.0.1', port, 'smoke')
  server.on('accepted', (_pipe, channel) => channel.on('say', (message) => channel.send('say', message)))
  await server.bind()

  const client = net.create('tcp', '127.0.0.1', port, 'smoke')
  const channel = await client.open()
  const said = { id: 7, line: 'grüße' }
  const heard = await new Promise((hear, fail) => {
    const late = setTimeout(() => fail(new Error('no echo within 5 s')), 5_000)
    channel.on('say', (message) => {
      clearTimeout(late)
      hear({ ...message })
    })
    channel.send('say', said)
  })
  assert.deepEqual(heard, said)
  await client.close()
  await server.close()
}

function freePort() {
  return new Promise((found, fail) => {
    const server = createServer().on('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => found(port))
    })
  })
}
