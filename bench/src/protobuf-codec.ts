import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { type Monsters, MonstersSchema, type Move, MoveSchema } from '../schemas/game_pb.ts'
import type { Codec } from './codec.ts'
import type { DataName } from './codec-data.ts'

/** A codec of protobuf-es for a set. What it encodes is a message made beforehand, as a program would hold it. */
export function protobufCodec(data: DataName): Codec {
  if (data === 'move') {
    return {
      prepare: (value) => create(MoveSchema, value as MessageInitShape<typeof MoveSchema>),
      encode: (message) => toBinary(MoveSchema, message as Move),
      decode: (bytes) => fromBinary(MoveSchema, bytes),
    }
  }
  return {
    prepare: (value) => create(MonstersSchema, { monsters: value as Monsters['monsters'] }),
    encode: (message) => toBinary(MonstersSchema, message as Monsters),
    decode: (bytes) => fromBinary(MonstersSchema, bytes).monsters,
  }
}
