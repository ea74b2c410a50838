/** Rows of the table that fail today, by name. Only ever taken from: who mends a row removes it here, and the test fails until then. */
export const knownToFail: readonly string[] = []
