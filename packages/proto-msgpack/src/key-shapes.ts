const SHAPES_MAX = 1024
const DEPTH_MAX = 64
const ROOT_CHILDREN_MAX = 32
const CHILDREN_MAX = 8
const REFUSED_MAX = 4096
const NO_BYTES = new Uint8Array(0)

/**
 * One key of a map, met after the keys of its parents. A path from the root is the beginning of a map that was read
 * and checked before: its keys are valid, allowed and all different, so a map that repeats it byte by byte needs no
 * check but the comparison of bytes.
 */
export class KeyShape {
  readonly text: string
  /** The key with its header, as it stands on the wire. */
  readonly encoded: Uint8Array
  readonly depth: number
  /** Children, the one that matched last in front. */
  first: KeyShape | undefined = undefined
  childCount = 0
  #next: KeyShape | undefined = undefined

  constructor(text: string, encoded: Uint8Array, depth: number) {
    this.text = text
    this.encoded = encoded
    this.depth = depth
  }

  /** The child of the key that stands at `at`, or undefined. */
  match(bytes: Uint8Array, at: number, end: number): KeyShape | undefined {
    const { first } = this
    if (first === undefined || first.#stands(bytes, at, end)) return first
    let previous = first
    for (let child = first.#next; child !== undefined; child = child.#next) {
      if (child.#stands(bytes, at, end)) {
        previous.#next = child.#next
        child.#next = first
        this.first = child
        return child
      }
      previous = child
    }
    return undefined
  }

  /** Adds a child in front. */
  add(child: KeyShape): void {
    child.#next = this.first
    this.first = child
    this.childCount++
  }

  #stands(bytes: Uint8Array, at: number, end: number): boolean {
    const { encoded } = this
    const size = encoded.length
    if (at + size > end) return false
    for (let index = 0; index < size; index++) {
      if (encoded[index] !== bytes[at + index]) return false
    }
    return true
  }
}

/**
 * The map shapes that a reader has seen, as a tree of keys. Bounded in every direction; a peer that sends ever new
 * keys makes the tree start over now and then, which costs time in proportion to its bytes, never memory.
 */
export class KeyShapes {
  root = emptyRoot()
  #count = 0
  #refused = 0

  /**
   * Adds a key (checked: valid, allowed, not yet in this map) below `parent` and keeps `encoded`; undefined when there
   * is no room.
   */
  grow(parent: KeyShape, text: string, encoded: Uint8Array): KeyShape | undefined {
    const childrenMax = parent.depth === 0 ? ROOT_CHILDREN_MAX : CHILDREN_MAX
    if (parent.childCount >= childrenMax || parent.depth >= DEPTH_MAX || this.#count >= SHAPES_MAX) {
      if (++this.#refused > REFUSED_MAX) this.#startOver()
      return undefined
    }
    const shape = new KeyShape(text, encoded, parent.depth + 1)
    parent.add(shape)
    this.#count++
    return shape
  }

  /** Shapes held; for tests. */
  get count(): number {
    return this.#count
  }

  #startOver(): void {
    this.root = emptyRoot()
    this.#count = 0
    this.#refused = 0
  }
}

function emptyRoot(): KeyShape {
  return new KeyShape('', NO_BYTES, 0)
}
