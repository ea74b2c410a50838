import { bits, ProtoFactory } from 'millrace'
import { weighFresh } from '../fresh.ts'
import { mixContract } from '../game-mix.ts'

const factory = new ProtoFactory().add('game', bits(mixContract))

weighFresh(() => factory.create('tcp', '127.0.0.1', 0, 'game').on('accepted', () => undefined))
