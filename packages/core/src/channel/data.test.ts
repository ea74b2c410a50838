import { pair, Rig } from '@millrace/testkit'
import { expect, expectTypeOf, it } from 'vitest'

type Chat = { line: string }
type Player = { readonly name: string; lines: number }

it('is what the program keeps with a channel: undefined at first, each side its own', async () => {
  const { rig, accepted, opened } = await pair()
  expect([accepted.data, opened.data]).toEqual([undefined, undefined])
  accepted.data = { name: 'ann' }
  expect(opened.data).toBeUndefined()
  await rig.until(opened.close())
  expect(accepted.data).toEqual({ name: 'ann' })
  await rig.end()
})

it('has the type that the pipe was told, wherever the channel comes from', async () => {
  const rig = new Rig<Chat>()
  const server = rig.local('lobby').withData<Player>()
  const heard: unknown[] = []
  server
    .on('accepted', (_pipe, player) => {
      expectTypeOf(player.data).toEqualTypeOf<Player | undefined>()
      player.data = { name: 'ann', lines: 0 }
      player.on('line', (_line, from) => {
        if (from.data !== undefined) from.data.lines++
      })
    })
    .on('close', (_pipe, player) => heard.push(player.data))
  await rig.until(server.bind())
  const client = rig.local('lobby').withData<number>()
  const channel = await rig.until(client.open())
  expectTypeOf(channel.data).toEqualTypeOf<number | undefined>()
  channel.data = 7
  for (const player of server.channels()) expect(player.data?.name).toBe('ann')
  channel.send('line', 'hello')
  await rig.until(channel.close())
  await rig.loop.settle()
  expect(heard).toEqual([{ name: 'ann', lines: 1 }])
  await rig.end()
})
