import { createServer } from 'node:net'
import { weighFresh } from '../fresh.ts'

weighFresh(() => createServer(() => undefined))
