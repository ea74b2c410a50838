export { Random, systemError, VirtualLoop } from '@millrace/sim'
export { ByteStream } from './byte-stream.ts'
export { codecSuite, type HostileSamples, type Sample } from './codec-suite.ts'
export {
  connectEnds,
  DatagramDiary,
  type DatagramEnd,
  DatagramEnds,
  fairWeather,
  numberedRules,
  type PacketWeather,
} from './datagram-ends.ts'
export { FakeLink } from './fake-link.ts'
export {
  type FakeConnection,
  FakeNetwork,
  type FakeNetworkOptions,
  type FakePlugin,
} from './fake-network.ts'
export { calmNetwork, type NetworkProfile, patientLimits, wildNetwork } from './network-profile.ts'
export { type Pair, type PairOptions, pair } from './pair.ts'
export { PlainCodec, type PlainOptions, plain } from './plain-codec.ts'
export { type ProtocolTraits, protocolSuite } from './protocol-suite.ts'
export { type RawFrame, RawPeer } from './raw-peer.ts'
export { type PipeDiary, Rig, type RigOptions, type RigTransports } from './rig.ts'
export { type Cutting, threeWays } from './three-ways.ts'
export { TokenLogin } from './token-login.ts'
export { transportSuite } from './transport-suite.ts'
