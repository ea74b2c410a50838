export { msgpack } from '@millrace/proto-msgpack'
export { open } from './opening.ts'
