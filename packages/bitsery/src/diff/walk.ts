import type { Descriptor } from '../base/grammar.ts'
import { bothWays, type ChangeKind, type Effects, eachWay, type SchemaChange } from './change.ts'
import {
  alternativeItems,
  atomsOf,
  couldBe,
  fieldItems,
  type Item,
  isNamed,
  isRow,
  type Layout,
  layoutOf,
} from './layout.ts'
import {
  readBitset,
  readCommonValues,
  readCompact,
  readPointer,
  readRangeFloat,
  readWhole,
  wholeKind,
} from './leaf.ts'
import { matchAlternatives } from './match.ts'
import { isEmpty, needsBits } from './parts.ts'
import { elementsOf, MIDDLE, nameOf, type Place, shown, unknownIf } from './place.ts'
import { RowWalk, type RowWalkOwner } from './row-walk.ts'
import { lengthEffects } from './tail.ts'
import { describe, few, valueWords } from './words.ts'

type Of<T extends Descriptor['t']> = Descriptor & { readonly t: T }

/** Walks two descriptors side by side and keeps what differs. */
export class DescriptorWalk implements RowWalkOwner {
  readonly changes: SchemaChange[] = []
  readonly #isLittle: boolean
  readonly #rows = new RowWalk(this)
  /** Which virtual base became which: they may be renamed, but not merged or split. */
  readonly #idsOfFrom = new Map<string, string>()
  readonly #idsOfTo = new Map<string, string>()

  constructor(isLittle: boolean) {
    this.#isLittle = isLittle
  }

  /** Compares all there is. */
  start(path: string, from: Descriptor, to: Descriptor): void {
    this.compare(from, to, { path, isPacked: false, position: 0, end: MIDDLE })
  }

  /** Compares what stands at one place. */
  compare(from: Descriptor, to: Descriptor, place: Place): void {
    const count = this.changes.length
    this.#compareBytes(from, to, place)
    const path = shown(place.path)
    // Other types of the same bytes: the form of the values is another.
    if (from.t !== to.t && !this.changes.slice(count).some((change) => change.path === path)) {
      const inner = this.changes.splice(count)
      this.changed('type-changed', place, describe(from), describe(to), bothWays('none'))
      this.changes.push(...inner)
    }
  }

  #compareBytes(from: Descriptor, to: Descriptor, place: Place): void {
    if (from.t === 'bits' && to.t === 'bits') {
      this.compare(from.of, to.of, { ...place, isPacked: true })
      return
    }
    if (from.t === 'bits' && !needsBits(from.of)) return this.#compareBytes(from.of, to, place)
    if (to.t === 'bits' && !needsBits(to.of)) return this.#compareBytes(from, to.of, place)
    const a = layoutOf(from, place.isPacked)
    const b = layoutOf(to, place.isPacked)
    if (a.form === 'repeat' && b.form === 'repeat') this.#repeat(a, b, place)
    else if (a.form === 'list' && b.form === 'list') this.#list(a, b, from, to, place)
    else if (
      isRow(a) ? isRow(b) || couldBe(from, b, place.isPacked) : isRow(b) && couldBe(to, a, place.isPacked)
    )
      this.#rows.compare(a, b, from, to, place)
    else this.#single(a, b, from, to, place)
  }

  /** What is neither several things one behind the other nor a list. */
  #single(a: Layout, b: Layout, from: Descriptor, to: Descriptor, place: Place): void {
    const tell = (kind: ChangeKind, effects: Effects): void => {
      this.changed(kind, place, describe(from), describe(to), effects)
    }
    if (a.form === 'whole' && b.form === 'whole') {
      const effects = eachWay(a, b, (writer, reader) => readWhole(writer, reader, this.#isLittle))
      if (from.t === 'enum' && to.t === 'enum' && a.bits === b.bits && a.isSigned === b.isSigned) {
        this.#enumValues(from, to, effects, place)
      } else tell(wholeKind(from, to), effects)
    } else if (a.form === 'compact' && b.form === 'compact') {
      tell('type-changed', eachWay(a, b, readCompact))
    } else if (a.form === 'pointer' && b.form === 'pointer') {
      this.#pointer(a.of, b.of, place)
    } else if (a.form === 'other' && b.form === 'other' && a.of.t === b.of.t) {
      this.#sameType(a.of, b.of, place)
    } else {
      tell('type-changed', bothWays('breaks'))
    }
  }

  #sameType(from: Descriptor, to: Descriptor, place: Place): void {
    const tell = (kind: ChangeKind, effects: Effects): void => {
      this.changed(kind, place, describe(from), describe(to), effects)
    }
    if (from.t === 'optional' && to.t === 'optional') this.#optional(from, to, place)
    else if (from.t === 'entropy' && to.t === 'entropy') this.#entropy(from, to, place)
    else if (from.t === 'variant' && to.t === 'variant') {
      this.#alternatives(alternativeItems(from), alternativeItems(to), place)
    } else if (from.t === 'virtualBase' && to.t === 'virtualBase') this.#virtualBase(from, to, place)
    else if (from.t === 'growable' && to.t === 'growable') {
      // Within a byte its size goes wrong: nothing can be promised.
      const isSound = place.position === 0
      this.compare(from.of, to.of, { ...place, end: { from: isSound, to: isSound } })
    } else if (from.t === 'rangeFloat' && to.t === 'rangeFloat') {
      tell(from.of === to.of ? 'range-changed' : 'type-changed', eachWay(from, to, readRangeFloat))
    } else if (from.t === 'bitset' && to.t === 'bitset') {
      const effects = eachWay(from.n, to.n, (w, r) => readBitset(w, r, place.isPacked))
      tell('length-changed', effects)
    } else if (atomsOf(from, place.isPacked).join() !== atomsOf(to, place.isPacked).join()) {
      tell('type-changed', bothWays('breaks'))
    }
  }

  #enumValues(from: Of<'enum'>, to: Of<'enum'>, effects: Effects, place: Place): void {
    const [was, is] = [valueWords(from, to), valueWords(to, from)]
    if (was !== is) this.changed('values-changed', place, was, is, effects)
  }

  #list(
    a: Layout & { form: 'list' },
    b: Layout & { form: 'list' },
    from: Descriptor,
    to: Descriptor,
    place: Place,
  ): void {
    const isMulti = (of: Descriptor): boolean => 'multi' in of && of.multi === true
    if (from.t !== to.t || isMulti(from) !== isMulti(to)) {
      const effects = eachWay(a, b, (writer, reader) => {
        const isRefused = (reader.isChecked && !writer.isText) || (reader.isUnique && !writer.isUnique)
        return isRefused ? 'limited' : 'none'
      })
      this.changed('type-changed', place, describe(from), describe(to), effects)
    }
    if (a.max !== b.max) {
      const effects = eachWay(a.max, b.max, (writer, reader) => (writer > reader ? 'limited' : 'none'))
      const kind = a.max < b.max ? 'limit-raised' : 'limit-lowered'
      this.changed(kind, place, `at most ${a.max}`, `at most ${b.max}`, effects)
    }
    // Where one side takes none, none is ever read.
    if (a.max === 0 || b.max === 0) return
    if (a.isText && b.isText && a.of.t !== b.of.t) {
      this.changed('type-changed', place, describe(from), describe(to), bothWays('breaks'))
    } else this.compare(a.of, b.of, elementsOf(place))
  }

  #repeat(a: Layout & { form: 'repeat' }, b: Layout & { form: 'repeat' }, place: Place): void {
    if (a.n !== b.n) {
      const isFree = [a, b].every(({ n, of }) => n === 0 || isEmpty(of, place.isPacked))
      const effects = isFree ? bothWays('none') : lengthEffects(a, b, place)
      this.changed('length-changed', place, `${a.n} elements`, `${b.n} elements`, effects)
    }
    if (a.n === 0 || b.n === 0) return
    const inner = elementsOf(place)
    const isOne = a.n === 1 && b.n === 1
    this.compare(a.of, b.of, isOne ? { ...inner, position: place.position, end: place.end } : inner)
  }

  #optional(from: Of<'optional'>, to: Of<'optional'>, place: Place): void {
    let position = place.position
    if (place.isPacked) {
      const flagEnd = position === undefined ? undefined : (position + 1) % 8
      if (from.align !== to.align) {
        const effects = bothWays(flagEnd === 0 ? 'none' : 'breaks')
        this.changed('align-changed', place, describe(from), describe(to), effects)
      }
      position = from.align ? 0 : flagEnd
    } else if (from.align !== to.align) {
      this.changed('align-changed', place, describe(from), describe(to), bothWays('none'))
    }
    this.compare(from.of, to.of, { ...place, position })
  }

  #entropy(from: Of<'entropy'>, to: Of<'entropy'>, place: Place): void {
    if (from.align !== to.align) {
      this.changed('align-changed', place, describe(from), describe(to), bothWays('breaks'))
    }
    const [was, is] = [from.values, to.values].map((values) => values.map((value) => JSON.stringify(value)))
    if (was.join() !== is.join()) {
      this.changed('values-changed', place, few(was), few(is), eachWay(was, is, readCommonValues))
    }
    this.compare(from.of, to.of, { ...place, position: unknownIf(!from.align) })
  }

  #virtualBase(from: Of<'virtualBase'>, to: Of<'virtualBase'>, place: Place): void {
    const known = this.#idsOfFrom.get(from.id) ?? to.id
    const knownBack = this.#idsOfTo.get(to.id) ?? from.id
    const isConsistent = known === to.id && knownBack === from.id
    this.#idsOfFrom.set(from.id, to.id)
    this.#idsOfTo.set(to.id, from.id)
    if (from.id !== to.id) {
      const words = (id: string): string => `virtual base ${JSON.stringify(id)}`
      const effects = bothWays(isConsistent ? 'none' : 'breaks')
      this.changed('type-changed', place, words(from.id), words(to.id), effects)
    }
    this.compare(from.of, to.of, { ...place, end: MIDDLE })
  }

  #pointer(from: Of<'ptr' | 'poly'>, to: Of<'ptr' | 'poly'>, place: Place): void {
    const writesType = ({ t, kind }: Of<'ptr' | 'poly'>): boolean => t === 'poly' && kind !== 'observer'
    if (writesType(from) !== writesType(to)) {
      this.changed('type-changed', place, describe(from), describe(to), bothWays('breaks'))
      return
    }
    if (from.kind !== to.kind) {
      const effects = eachWay(from.kind, to.kind, readPointer)
      this.changed('type-changed', place, describe(from), describe(to), effects)
    }
    const isNullable = (of: Of<'ptr' | 'poly'>): boolean => of.kind !== 'referenced' && of.notNull !== true
    if (isNullable(from) !== isNullable(to)) {
      const words = (of: Of<'ptr' | 'poly'>): string => (isNullable(of) ? 'may be null' : 'not null')
      const effects = eachWay(from, to, (w, r) => (isNullable(w) && !isNullable(r) ? 'limited' : 'none'))
      this.changed('null-changed', place, words(from), words(to), effects)
    }
    if (from.kind === 'observer' || to.kind === 'observer') return
    const inner = { ...place, end: MIDDLE }
    if (from.t === 'ptr' && to.t === 'ptr') this.compare(from.of, to.of, inner)
    else if (from.t === 'poly' && to.t === 'poly') {
      this.#alternatives(fieldItems(from.of), fieldItems(to.of), inner)
    }
  }

  #alternatives(from: readonly Item[], to: readonly Item[], place: Place): void {
    const has =
      ({ label }: Item) =>
      (item: Item) =>
        item.label === label
    for (const { kind, from: a, to: b, isShifting } of matchAlternatives(from, to, place.isPacked)) {
      const here = { ...place, path: `${place.path}<${nameOf(b ?? a)}>` }
      if (kind === 'pair') {
        if (a.label !== b.label && isNamed(b)) {
          // A name that stands for another alternative on the other side.
          const isTaken = isNamed(a) && (from.some(has(b)) || to.some(has(a)))
          const effects = bothWays(isTaken ? 'breaks' : 'none')
          this.changed('alternative-renamed', here, nameOf(a), nameOf(b), effects)
        }
        this.compare(a.of, b.of, here)
      } else if (kind === 'removed') {
        const effects = { newReadsOld: 'limited', oldReadsNew: 'none' } as const
        const known = isShifting ? bothWays('breaks') : effects
        this.changed('alternative-removed', here, describe(a.of), 'absent', known)
      } else {
        const effects = { newReadsOld: 'none', oldReadsNew: 'limited' } as const
        const known = isShifting ? bothWays('breaks') : effects
        this.changed('alternative-added', here, 'absent', describe(b.of), known)
      }
    }
  }

  /** Keeps a change, unless nothing is different. */
  changed(kind: ChangeKind, place: Place, was: string, is: string, effects: Effects): void {
    const { newReadsOld, oldReadsNew } = effects
    if (was === is && newReadsOld === 'none' && oldReadsNew === 'none') return
    this.changes.push({ path: shown(place.path), kind, was, is, newReadsOld, oldReadsNew })
  }
}
