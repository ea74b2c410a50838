import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  array,
  f32,
  type Infer,
  type Pointer,
  pointer,
  polymorphic,
  Source,
  struct,
  text,
  u8,
} from '../index.ts'

function hex(encoded: Uint8Array): string {
  return Buffer.from(encoded).toString('hex')
}

describe('pointers', () => {
  const world = struct({
    owner: pointer('unique', { name: text(9) }),
    friend: pointer('observer', { name: text(9) }),
    shared: array(pointer('shared', u8), 9),
  })

  it('show what is on the wire: the object where it is, its id elsewhere', () => {
    const value: Infer<typeof world> = {
      owner: { id: 1, value: { name: 'a' } },
      friend: { ref: 1 },
      shared: [{ id: 2, value: 7 }, { ref: 2 }, null],
    }
    expect(hex(world.encode(value))).toBe('01016101' + '03020702' + '00')
    expect(world.decode(world.encode(value))).toEqual({ ok: true, value, completed: true, position: 9 })
    expect(world.measure(value)).toBe(9)
    expectTypeOf<Infer<typeof world>['owner']>().toEqualTypeOf<Pointer<{ name: string }>>()
  })

  it('are numbered in the order of their first mention, whatever ids come in', () => {
    const back = world.decode(Uint8Array.of(200 & 0x7f, 1, 97, 72, 2, 5, 9, 5))
    expect(back).toMatchObject({
      value: {
        owner: { id: 1, value: { name: 'a' } },
        friend: { ref: 1 },
        shared: [{ id: 2, value: 9 }, { ref: 2 }],
      },
    })
  })

  it('tell of observers of an object that never came', () => {
    const source = new Source(Uint8Array.of(1, 1, 97, 9, 0))
    expect(world.decode(source.bytes)).toMatchObject({ ok: true, unresolved: [2] })
    world.read(source, 0, 5)
    expect([source.error, source.unresolved]).toEqual(['', [2]])
    expect(world.decode(Uint8Array.of(1, 1, 97, 1, 0))).not.toHaveProperty('unresolved')
  })

  it('are null only where the schema lets them', () => {
    const strict = struct({ a: u8, p: pointer('owner', u8, { null: 'refuse' }) })
    expect(() => strict.encode({ a: 1, p: null })).toThrow('p: wanted a pointer that is not null, got null')
    expect(strict.decode(Uint8Array.of(1, 0))).toMatchObject({ error: 'InvalidPointer', position: 1 })
    expect(pointer('referenced', u8).decode(Uint8Array.of(0))).toMatchObject({ error: 'InvalidPointer' })
    expect(strict.descriptor).toMatchObject({
      fields: [
        ['a', {}],
        ['p', { t: 'ptr', kind: 'owner', notNull: true }],
      ],
    })
  })

  it('refuse graphs that C++ could not have written', () => {
    const two = array(pointer('unique', u8), 9)
    expect(() =>
      two.encode([
        { id: 1, value: 5 },
        { id: 1, value: 5 },
      ]),
    ).toThrow('one owner for each object, got a second one for id 1')
    expect(() => two.encode([{ ref: 1 }])).toThrow(
      '[0]: wanted { id, value }, as unique pointers have the object',
    )
    const shared = array(pointer('weak', u8), 9)
    expect(() => shared.encode([{ ref: 1 }])).toThrow('the object where id 1 comes first, got { ref }')
    expect(() =>
      shared.encode([
        { id: 1, value: 1 },
        { id: 1, value: 1 },
      ]),
    ).toThrow('{ ref: 1 } where the object was before')
    const mixed = struct({ a: pointer('unique', u8), b: pointer('shared', u8) })
    expect(() => mixed.encode({ a: { id: 1, value: 5 }, b: { id: 1, value: 5 } })).toThrow(
      'a second one for id 1',
    )
    const observer = pointer('observer', u8)
    expect(() => observer.encode({ id: 1, value: 1 })).toThrow('as observers have no object')
    for (const ref of [0, -1, 1.5, 2 ** 30])
      expect(() => observer.encode({ ref })).toThrow('ref: wanted an integer from 1 to 1073741823')
    expect(() => pointer('raw' as never, u8)).toThrow('pointer kind: wanted one of owner')
  })

  it('of classes with virtual functions say which class it is', () => {
    const shape = polymorphic('unique', { Circle: { r: f32 }, Label: { text: text(9) } })
    expect(hex(shape.encode({ id: 1, type: 'Label', value: { text: 'x' } }))).toBe('01010178')
    expect(shape.decode(Uint8Array.of(1, 0, 0, 0, 128, 63))).toMatchObject({
      value: { id: 1, type: 'Circle', value: { r: 1 } },
    })
    expect(shape.decode(Uint8Array.of(1, 2))).toMatchObject({ error: 'InvalidPointer', position: 1 })
    expect(() => shape.encode({ id: 1, type: 'Square', value: {} } as never)).toThrow(
      'type: wanted one of "Circle", "Label", got "Square"',
    )
    const value = null as Infer<typeof shape>
    if (value !== null && 'type' in value && value.type === 'Label')
      expectTypeOf(value.value).toEqualTypeOf<{ text: string }>()
  })
})
