export { BitsCodec, bits } from './bits.ts'
export {
  type Contract,
  type ContractEntryShape,
  type ContractMessages,
  type ContractOptions,
  type ContractShape,
  contract,
  MessageShape,
  message,
  RequestShape,
  type RequestShapeOptions,
  request,
} from './contract.ts'
