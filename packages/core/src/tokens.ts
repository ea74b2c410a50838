/** Connect tokens for encrypted pipes: a door of its own, so that a program which has none doesn't load them. */
export { connectTokens } from './encryption/connect-tokens.ts'
