/** Connect tokens alone: nothing behind this door loads a cipher. Who issues or verifies hands in the primitives. */
export {
  APPLICATION_ID_SIZE,
  CONNECT_TOKEN_SIZE_MAX,
  SEALED_TOKEN_SIZE_MAX,
} from './token.ts'
export { ConnectToken, parseConnectToken, type TokenServer } from './token-connect.ts'
export { TokenIssuer, type TokenKeyring, type TokenOrder } from './token-issuer.ts'
export { ownTokenRules, type TokenRules } from './token-rules.ts'
export {
  type TokenCandidate,
  type TokenChecker,
  type TokenHolder,
  type TokenRefusal,
  TokenVerifier,
  type TokenVerifierOptions,
  tokenRefusals,
} from './token-verifier.ts'
