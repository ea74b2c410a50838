import { net, port } from './contract.ts'

const name = process.argv[3] ?? 'Ada'
const channel = await net.create('tcp', '127.0.0.1', port, 'chat').open()
channel.on('said', (said) => console.log(`${said.name}: ${said.line}`))
const { others } = await channel.request('join', { name })
channel.send('say', { line: `hello, I see ${others} others` })
