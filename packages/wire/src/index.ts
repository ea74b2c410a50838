export {
  type ContractDifference,
  type ContractEntry,
  type ContractTable,
  compareContracts,
  contractTableRoom,
  contractTableSizeMax,
  readContractTable,
  writeContractTable,
} from './contract-table.ts'
export {
  bodySizeLimit,
  codeControlEnd,
  codeMessageEnd,
  type FrameTarget,
  finishFrame,
  frameCode,
  frameNumberMax,
  headerSize,
  headerSizeMax,
  namedKeySizeMax,
} from './frame.ts'
export { FrameDecoder, type FrameViolation } from './frame-decoder.ts'
export {
  appCodeMax,
  type Goodbye,
  type GoodbyeCode,
  goodbyeCodes,
  goodbyeRoom,
  readGoodbye,
  writeGoodbye,
} from './goodbye.ts'
export { Heartbeat, type HeartbeatDue } from './heartbeat.ts'
export {
  type Hello,
  HelloCheck,
  type HelloViolation,
  helloRoom,
  helloSizeMax,
  messageSizeFloor,
  nonceSize,
  openDataSizeMax,
  readHello,
  ticketSizeMax,
  wireVersion,
  writeHello,
} from './hello.ts'
export { readText, shortTextSizeMax, textSize, writeText, writtenTextSize } from './short-text.ts'
export {
  readVarint,
  varintMax,
  varintSize,
  varintSizeMax,
  varintSizeOf,
  writeVarint,
} from './varint.ts'
