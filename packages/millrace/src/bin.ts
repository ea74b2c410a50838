#!/usr/bin/env node
import process from 'node:process'

const usage = `millrace netem    a proxy that makes a network bad, for udp and tcp; more by millrace netem --help`

const [command, ...args] = process.argv.slice(2)
if (command === 'netem') {
  const { runNetem } = await import('@millrace/sim/netem')
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  process.exitCode = await runNetem(args, {
    out: (line) => console.log(line),
    err: (line) => console.error(line),
    stop: stop.signal,
  })
} else if (command === '--help' || command === '-h') console.log(usage)
else {
  console.error(command === undefined ? usage : `millrace has no command ${command}. There is:\n${usage}`)
  process.exitCode = 2
}
