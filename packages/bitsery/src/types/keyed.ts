import { type CollisionGuard, giveBack, takeGuard } from '../bytes/collision-guard.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { Node } from '../nodes/node.ts'
import type { TextNode } from './text.ts'

/** Keys of so few bits are too few to make trouble. */
const UNGUARDED_BITS = 16

/** By kind: a node may be one of another copy of the package. */
function isText(node: Node): node is TextNode {
  return node.kind === 'text' || node.kind === 'fixedText'
}

/** Whether values of a node are objects in JavaScript, which a Map or a Set tells apart by identity. */
export function isObjectKey(node: Node): boolean {
  if (isText(node)) return node.invalid === 'raw'
  return !/^([fiu]\d+|bool|enum|range|rangeFloat|rawBits|compact|compactChecked)$/.test(node.kind)
}

/** Whether values of a node may be numbers that a peer can choose to collide as keys. */
function isGuarded(node: Node): boolean {
  return !isText(node) && !/^(struct|tuple)$/.test(node.kind) && node.bounds(false).max > UNGUARDED_BITS
}

/** A guard for so many keys of a node, if they need one. */
export function guardFor(node: Node, count: number): CollisionGuard | undefined {
  return isGuarded(node) ? takeGuard(count) : undefined
}

/** Appends code that takes a guard: its local, or undefined where keys need none. */
export function emitGuard(emitter: ReadEmitter, node: Node, count: string): string | undefined {
  return isGuarded(node) ? emitter.local(`${emitter.constant(takeGuard)}(${count})`) : undefined
}

/** Appends code that gives up when a key is one too many that collide. */
export function emitAdmit(emitter: ReadEmitter, guard: string | undefined, key: string): void {
  if (guard !== undefined) emitter.giveUpIf(`${guard} !== undefined && !${guard}.admit(${key})`)
}

/** Appends code that gives the guard back. */
export function emitGiveBack(emitter: ReadEmitter, guard: string | undefined): void {
  if (guard !== undefined) emitter.line(`${emitter.constant(giveBack)}(${guard})`)
}
