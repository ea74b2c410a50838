/** The steps in which a channel begins to encrypt, by what their frames say (docs/WIRE.md, section 5.5). */
export const cipherSteps = { first: 1, second: 2, last: 3 } as const
