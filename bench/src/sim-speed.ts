/**
 * How many times faster than real time two peers run in a world that send each other 60 messages of 40 bytes a second, by the time of the processor:
 * `npm run sim-speed -- --transport udp --encryption none --net lan --seconds 300`. Prints the median of five runs, each behind a warm-up, so that other
 * programs on the machine change little.
 */
import { parseArgs } from 'node:util'
import { bits, contract, message } from '@millrace/proto-bits'
import { type Preset, presets, World } from '@millrace/sim'
import { bytes, u32 } from 'bitsery-ts'

const { values } = parseArgs({
  options: {
    transport: { type: 'string', default: 'udp' },
    encryption: { type: 'string', default: 'none' },
    net: { type: 'string', default: 'lan' },
    seconds: { type: 'string', default: '300' },
  },
})
const { transport, encryption } = values
const seconds = Number(values.seconds)
if (transport !== 'udp' && transport !== 'tcp') throw new Error(`--transport is udp or tcp; got ${transport}`)
if (encryption !== 'none' && encryption !== 'key')
  throw new Error(`--encryption is none or key; got ${encryption}`)
if (!(values.net in presets))
  throw new Error(`--net is ${Object.keys(presets).join(', ')}; got ${values.net}`)
if (!(seconds > 0)) throw new Error(`--seconds is a number above 0; got ${values.seconds}`)

const state = contract({ state: message({ n: u32, pad: bytes(100) }, { delivery: 'sequenced' }) })

const ratios: number[] = []
let heard = 0
await run(seconds / 10)
for (let count = 0; count < 5; count++) {
  heard = 0
  const cpuMs = await run(seconds)
  ratios.push((seconds * 1000) / cpuMs)
}
ratios.sort((one, other) => one - other)
const around = `${ratios[0].toFixed(0)} to ${ratios[4].toFixed(0)}`
console.log(
  `${transport}, encryption ${encryption}, ${values.net}: ${ratios[2].toFixed(0)} times faster than real time (${around})`,
)
console.log(`${heard} messages were heard in ${seconds} s of each run`)

/** Returns the time of the processor, in milliseconds. */
async function run(virtualSeconds: number): Promise<number> {
  const world = new World({ seed: 1, net: values.net as Preset })
  const [server, player] = [world.host('server'), world.host('player')]
  const options = encryption === 'key' ? { encryption: { key: new Uint8Array(32).fill(7) } } : {}
  const pipeOf = (host: typeof server) =>
    host
      .factory()
      .add('game', bits(state))
      .create(transport as 'udp', 'server', 7777, 'game', options)
  const pad = new Uint8Array(36)
  const pipe = pipeOf(server)
  pipe.on('accepted', (_pipe, channel) => channel.on('state', () => void heard++))
  await world.until(pipe.bind())
  const channel = await world.until(pipeOf(player).open())
  channel.on('state', () => void heard++)
  const timers = [server.timer(), player.timer()]
  let n = 0
  timers[0].set('tick', () => void pipe.broadcast('state', { n: n++, pad }), 1000 / 60, 1000 / 60)
  timers[1].set('tick', () => void channel.send('state', { n: n++, pad }), 1000 / 60, 1000 / 60)
  const before = process.cpuUsage()
  await world.run(virtualSeconds * 1000)
  const { user, system } = process.cpuUsage(before)
  for (const timer of timers) timer.close()
  await world.until(pipe.close())
  await world.end()
  return (user + system) / 1000
}
