/**
 * Draws the state tables of the sources as Mermaid diagrams into docs/states. `node tools/states.ts` writes them, and
 * tools/states.test.ts compares what lies there.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { channelTransitions } from '../packages/core/src/channel/channel-state.ts'
import { root } from './workspace.ts'

/** From each state, what may happen and where it leads. */
export type Transitions = Readonly<Record<string, Readonly<Record<string, string>>>>

/** The diagrams, by their paths. The first state of a table is where it begins. */
export const diagrams: Readonly<Record<string, Transitions>> = {
  'docs/states/channel.mmd': channelTransitions,
}

/** A table as the text of a diagram. A state that leads nowhere is an end. */
export function draw(transitions: Transitions): string {
  const states = Object.keys(transitions)
  const lines = ['stateDiagram-v2', `  [*] --> ${states[0]}`]
  for (const [state, events] of Object.entries(transitions)) {
    for (const [event, next] of Object.entries(events)) lines.push(`  ${state} --> ${next}: ${event}`)
    if (Object.keys(events).length === 0) lines.push(`  ${state} --> [*]`)
  }
  return `${lines.join('\n')}\n`
}

if (import.meta.main) {
  for (const [path, transitions] of Object.entries(diagrams)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), draw(transitions))
    console.log(path)
  }
}
