import { net, port } from './contract.ts'

const room = net.create('tcp', '127.0.0.1', port, 'chat')
room.on('accepted', (_room, channel) => {
  let me = 'guest'
  channel.on('join', ({ name }) => {
    me = name
    return { others: room.channelCount - 1 }
  })
  channel.on('say', ({ line }) => room.broadcast('said', { name: me, line }))
})
await room.bind()
console.log(`listening at ${room.address?.text}`)
