import { nodeLoop, protoFactory, Timer } from 'millrace'
import { serve } from './race.ts'

const pipe = await serve(protoFactory, new Timer(nodeLoop), '0.0.0.0', 7777)
console.log(`racing at ${pipe.describe()}`)
