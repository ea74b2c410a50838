import { array, bits, contract, f32, type ProtoFactory, type Timer, u32 } from 'millrace'

/** What players and the server say to each other. */
export const race = contract({
  steer: { dx: f32 },
  cars: array({ id: u32, x: f32 }, 100),
})

/** A car for each player, told to all 20 times a second. The factory and the timer are the program's, or a test's. */
export async function serve(factory: ProtoFactory, timer: Timer, host: string, port: number) {
  const pipe = factory.add('race', bits(race)).create('tcp', host, port, 'race')
  const cars = new Map<object, { readonly id: number; x: number }>()
  let lastId = 0
  pipe.on('accepted', (_pipe, channel) => {
    const car = { id: ++lastId, x: 0 }
    cars.set(channel, car)
    channel.on('steer', ({ dx }) => {
      car.x += dx
    })
  })
  pipe.on('close', (_pipe, channel) => cars.delete(channel))
  await pipe.bind()
  timer.set('tick', () => pipe.broadcast('cars', [...cars.values()]), 50, 50)
  return pipe
}
