import { atomsOf, type Item, isNamed } from './layout.ts'
import { isEmpty } from './parts.ts'

/** What has become of things that lie one behind the other, in their order. */
export type Step =
  /** The same thing before and after; it may have changed inside. `isFromLast`: nothing with bytes follows it there. */
  | {
      readonly kind: 'pair'
      readonly from: Item
      readonly to: Item
      readonly isFromLast: boolean
      readonly isToLast: boolean
    }
  /** The same thing under another name. */
  | { readonly kind: 'renamed'; readonly from: Item; readonly to: Item }
  | { readonly kind: 'moved'; readonly to: Item }
  /** Things of neither name nor type in common. `isLast`: nothing with bytes follows them on either side. */
  | {
      readonly kind: 'replaced'
      readonly removed: readonly Item[]
      readonly added: readonly Item[]
      readonly isLast: boolean
    }

type Pair = readonly [from: number, to: number]
type SameAs = (from: Item, to: Item) => boolean

/** Finds out what has become of each, by names where both have names, else by what lies in the bytes. */
export function matchItems(
  from: readonly Item[],
  to: readonly Item[],
  by: 'names' | 'bytes',
  isPacked: boolean,
): Step[] {
  const labels = { from: new Map(from.map((item) => [item.label, item])), to: labelled(to) }
  // What has no bytes on either side can't be out of place: it takes no part in the order.
  const hasBytes = (item: Item, other: Item | undefined): boolean =>
    !isEmpty(item.of, isPacked) || (by === 'names' && other !== undefined && !isEmpty(other.of, isPacked))
  const fromItems = from.filter((item) => hasBytes(item, labels.to.get(item.label)))
  const toItems = to.filter((item) => hasBytes(item, labels.from.get(item.label)))
  const isSameLayout = memoised(isPacked)
  const pairs =
    by === 'names'
      ? commonPairs(fromItems, toItems, (a, b) => a.label === b.label)
      : bytePairs(fromItems, toItems, isSameLayout)
  return [
    ...emptySteps(from, to, fromItems, toItems, by),
    ...walk(fromItems, toItems, pairs, by, isSameLayout),
  ]
}

function labelled(items: readonly Item[]): Map<string, Item> {
  return new Map(items.map((item) => [item.label, item]))
}

function memoised(isPacked: boolean): SameAs {
  const keys = new Map<Item, string>()
  const keyOf = (item: Item): string => {
    let key = keys.get(item)
    if (key === undefined) keys.set(item, (key = atomsOf(item.of, isPacked).join(' ')))
    return key
  }
  return (a, b) => keyOf(a) === keyOf(b)
}

/** The longest common subsequence. Equal ends are left out of the table: edits are few and mostly close together. */
function commonPairs(from: readonly Item[], to: readonly Item[], isSame: SameAs): Pair[] {
  const [start, end] = equalEnds(from, to, isSame)
  const rows = from.length - end - start
  const width = to.length - end - start + 1
  const lengths = new Uint32Array((rows + 1) * width)
  const same = (i: number, j: number): boolean => isSame(from[start + i], to[start + j])
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = width - 2; j >= 0; j--) {
      const below = (i + 1) * width + j
      lengths[below - width] = same(i, j)
        ? lengths[below + 1] + 1
        : Math.max(lengths[below], lengths[below - width + 1])
    }
  }
  const pairs: Pair[] = []
  for (let i = 0; i < start; i++) pairs.push([i, i])
  for (let i = 0, j = 0; i < rows && j < width - 1; ) {
    if (same(i, j)) pairs.push([start + i++, start + j++])
    else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i++
    else j++
  }
  for (let i = end; i > 0; i--) pairs.push([from.length - i, to.length - i])
  return pairs
}

/** How many are equal at the start, and how many of the others at the end. */
function equalEnds(from: readonly Item[], to: readonly Item[], isSame: SameAs): [start: number, end: number] {
  const count = Math.min(from.length, to.length)
  let start = 0
  while (start < count && isSame(from[start], to[start])) start++
  let end = 0
  while (end < count - start && isSame(from[from.length - 1 - end], to[to.length - 1 - end])) end++
  return [start, end]
}

/** Equal ones at the start and at the end; between them those of the same place. */
function bytePairs(from: readonly Item[], to: readonly Item[], isSame: SameAs): Pair[] {
  const count = Math.min(from.length, to.length)
  const [, end] = equalEnds(from, to, isSame)
  const pairs: Pair[] = []
  for (let i = 0; i < count - end; i++) pairs.push([i, i])
  for (let i = end; i > 0; i--) pairs.push([from.length - i, to.length - i])
  return pairs
}

/** What became of those that have no bytes on either side. */
function emptySteps(
  from: readonly Item[],
  to: readonly Item[],
  fromItems: readonly Item[],
  toItems: readonly Item[],
  by: 'names' | 'bytes',
): Step[] {
  const before = labelled(from.filter((item) => !fromItems.includes(item)))
  const after = labelled(to.filter((item) => !toItems.includes(item)))
  if (by === 'bytes') return []
  const steps: Step[] = []
  for (const [label, item] of before) {
    if (!after.has(label)) steps.push({ kind: 'replaced', removed: [item], added: [], isLast: false })
  }
  for (const [label, item] of after) {
    const other = before.get(label)
    if (other === undefined) steps.push({ kind: 'replaced', removed: [], added: [item], isLast: false })
    else steps.push({ kind: 'pair', from: other, to: item, isFromLast: false, isToLast: false })
  }
  return steps
}

function walk(
  from: readonly Item[],
  to: readonly Item[],
  pairs: readonly Pair[],
  by: 'names' | 'bytes',
  isSame: SameAs,
): Step[] {
  const labels = { from: labelled(from), to: labelled(to) }
  const steps: Step[] = []
  let at: Pair = [0, 0]
  for (const pair of [...pairs, [from.length, to.length] as const]) {
    const removed = from.slice(at[0], pair[0])
    const added = to.slice(at[1], pair[1])
    const isLast = pair[0] === from.length && pair[1] === to.length
    const wasMoved = (item: Item): boolean => by === 'names' && labels.to.has(item.label)
    const isMoved = (item: Item): boolean => by === 'names' && labels.from.has(item.label)
    for (const item of added) if (isMoved(item)) steps.push({ kind: 'moved', to: item })
    steps.push(
      ...gapSteps(
        removed.filter((item) => !wasMoved(item)),
        added.filter((item) => !isMoved(item)),
        // Whatever moved into the end or out of it is part of the bytes there.
        isLast && !removed.some(wasMoved) && !added.some(isMoved),
        isSame,
      ),
    )
    if (isLast) break
    steps.push({
      kind: 'pair',
      from: from[pair[0]],
      to: to[pair[1]],
      isFromLast: pair[0] === from.length - 1,
      isToLast: pair[1] === to.length - 1,
    })
    at = [pair[0] + 1, pair[1] + 1]
  }
  return steps
}

/** Those without a partner between two that have one: of equal bytes from either end they are renamed. */
function gapSteps(removed: readonly Item[], added: readonly Item[], isLast: boolean, isSame: SameAs): Step[] {
  const [start, end] = equalEnds(removed, added, isSame)
  const renamed = (i: number, j: number): Step => ({ kind: 'renamed', from: removed[i], to: added[j] })
  const steps: Step[] = []
  for (let i = 0; i < start; i++) steps.push(renamed(i, i))
  const rest = {
    removed: removed.slice(start, removed.length - end),
    added: added.slice(start, added.length - end),
  }
  if (rest.removed.length + rest.added.length > 0) {
    steps.push({ kind: 'replaced', ...rest, isLast: isLast && end === 0 })
  }
  for (let i = end; i > 0; i--) steps.push(renamed(removed.length - i, added.length - i))
  return steps
}

/** What has become of an alternative. */
export type Alternative =
  | { readonly kind: 'pair'; readonly from: Item; readonly to: Item; readonly isShifting: false }
  /** `isShifting`: others behind it have another index now. */
  | { readonly kind: 'added'; readonly from?: undefined; readonly to: Item; readonly isShifting: boolean }
  | { readonly kind: 'removed'; readonly from: Item; readonly to?: undefined; readonly isShifting: boolean }

/** Alternatives are known by their index on the wire; names only tell where some were added or removed. */
export function matchAlternatives(
  from: readonly Item[],
  to: readonly Item[],
  isPacked: boolean,
): Alternative[] {
  const isSameLayout = memoised(isPacked)
  const haveNames = [...from, ...to].every(isNamed)
  const [start, end] = equalEnds(
    from,
    to,
    (a, b) => isSameLayout(a, b) && (!haveNames || a.label === b.label),
  )
  const count = Math.min(from.length, to.length)
  const isShifting = from.length !== to.length && end > 0 && start + end === count
  const edited = isShifting ? start : count
  const skipped = { from: edited + from.length - count, to: edited + to.length - count }
  const alternatives: Alternative[] = []
  for (let i = 0; i < edited; i++) {
    alternatives.push({ kind: 'pair', from: from[i], to: to[i], isShifting: false })
  }
  for (const item of from.slice(edited, skipped.from)) {
    alternatives.push({ kind: 'removed', from: item, isShifting })
  }
  for (const item of to.slice(edited, skipped.to)) alternatives.push({ kind: 'added', to: item, isShifting })
  for (let i = 0; i < count - edited; i++) {
    const pair = { from: from[skipped.from + i], to: to[skipped.to + i] }
    alternatives.push({ kind: 'pair', ...pair, isShifting: false })
  }
  return alternatives
}
