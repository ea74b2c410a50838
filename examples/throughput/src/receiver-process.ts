/** The receiver as a process of its own, started by `main.ts`. Ends when its parent says so, or is gone. */
import { boundPlace, type Place } from './place.ts'
import { receive } from './receiver.ts'

// Ctrl-C goes to all processes of a terminal: the parent decides what it means.
process.on('SIGINT', () => {})

const stopped = new Promise<unknown>((resolve) =>
  process.once('message', resolve).once('disconnect', resolve),
)

try {
  if (process.send === undefined) throw new Error('this process is started by main.ts: run that')
  const place: Place = JSON.parse(process.argv[2])
  const pipe = await receive(place)
  if (process.connected) process.send({ place: boundPlace(place, pipe) })
  await stopped
  await pipe.close()
  pipe.destroy()
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
if (process.connected) process.disconnect()
