export { fastestPrimitives } from './fastest.ts'
export { nodePrimitives } from './node.ts'
