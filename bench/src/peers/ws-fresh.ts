import { WebSocketServer } from 'ws'
import { weighFresh } from '../fresh.ts'

weighFresh(() => new WebSocketServer({ noServer: true }).on('connection', () => undefined))
