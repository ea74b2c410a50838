/** What a program hands on as it got it: an option that is undefined is one that was not given. */
import {
  type Channel,
  contract,
  type MessagesOf,
  message,
  msgpack,
  type OpenOptions,
  type PipeOptions,
  ProtoFactory,
  type RequestOptions,
  struct,
  u16,
} from 'millrace'
import { expect, it } from 'vitest'

/** Compiles under exactOptionalPropertyTypes only if each of these takes undefined. */
interface Handed {
  readonly messageSizeMax?: number
  readonly drive?: 'auto' | 'manual'
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  readonly from?: 'client' | 'server'
  readonly version?: number
  readonly depthMax?: number
  readonly byteOrder?: 'little' | 'big'
}

const handed: Handed = {}
const { messageSizeMax, drive, signal, timeoutMs, from, version, depthMax, byteOrder } = handed

it('are the same as none', async () => {
  const game = contract({ move: message({ n: u16 }, { from }) }, { version })
  expect(game.fingerprint).toBe(contract({ move: { n: u16 } }).fingerprint)
  expect(game.entries[0].traits).toEqual(contract({ move: { n: u16 } }).entries[0].traits)
  const pipeOptions: PipeOptions = {
    messageSizeMax,
    drive,
    overflow: undefined,
    log: undefined,
    loop: undefined,
  }
  const openOptions: OpenOptions = { signal }
  const requestOptions: RequestOptions = { signal, timeoutMs }
  const net = new ProtoFactory({ pool: undefined }).add('loose', msgpack({ limits: { depthMax } }))
  const accepting = net.create('local', 'undefined options', 'loose', pipeOptions)
  const opening = net.create('local', 'undefined options', 'loose', pipeOptions)
  accepting.on('accepted', (_pipe, channel) => channel.on('get', () => 7))
  await accepting.bind()
  const channel: Channel<MessagesOf<typeof opening>, 'client'> = await opening.open('remote', openOptions)
  channel.setOverflow('wait', { topicOf: undefined })
  expect(await channel.request('get', {}, requestOptions)).toBe(7)
  await opening[Symbol.asyncDispose]()
  await accepting[Symbol.asyncDispose]()
})

it('leave what a factory or schema says in force', () => {
  const net = new ProtoFactory({ name: 'shared', encryption: undefined })
  expect(net.create('local', 'somewhere', 'msgpack', { name: undefined }).describe()).toContain(
    "pipe 'shared'",
  )
  const big = struct({ n: u16 }).with({ byteOrder: 'big', name: 'sum' })
  expect(big.with({ byteOrder, name: undefined, backend: 'interpreted' }).options).toEqual({
    ...big.options,
    backend: 'interpreted',
  })
  expect([...big.with({ byteOrder }).encode({ n: 1 })]).toEqual([0, 1])
})
