export { Random } from './base/random.ts'
export { systemError } from './base/system-error.ts'
export { VirtualLoop } from './time/virtual-loop.ts'
