export { BitsCodec, bits } from './bits.ts'
export {
  type Contract,
  type ContractEntryShape,
  type ContractMessages,
  type ContractOptions,
  type ContractShape,
  contract,
  RequestShape,
  request,
} from './contract.ts'
