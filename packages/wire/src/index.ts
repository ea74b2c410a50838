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
  controlNumber,
  type FrameTarget,
  finishFrame,
  frameKind,
  frameNumberMax,
  frameTag,
  headerSize,
  longHeaderSize,
  longSizeMark,
  namedKeySizeMax,
  namedNumber,
} from './frame.ts'
export { FrameDecoder, type FrameViolation } from './frame-decoder.ts'
export {
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
  type HelloViolation,
  helloRoom,
  helloSizeMax,
  helloTag,
  mayBeHello,
  readHello,
  wireVersion,
  writeHello,
} from './hello.ts'
export { readText, shortTextSizeMax, textSize, writeText, writtenTextSize } from './short-text.ts'
