import { work } from '../worker-side.ts'
import { gamePipe } from './millrace-messages.ts'
import type { Protection } from './protection.ts'

/** So many channels are being opened at any time. */
const openingCount = 16

/** Opens channels and closes each at once, for as long as it lives. */
work<{ size: number; protection: Protection; port: number }>(async ({ size, port, protection }, parent) => {
  const pipe = gamePipe('bits', size, port, protection)
  await parent.ready()
  parent.result({})
  const openForEver = async () => {
    for (;;) (await pipe.open()).destroy()
  }
  await Promise.all(Array.from({ length: openingCount }, openForEver))
})
