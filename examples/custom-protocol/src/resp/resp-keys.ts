/** The keys of a RESP channel's messages; their numbers are their places. */
export const respKeys = ['command', 'push'] as const

export const commandNumber = 0
export const pushNumber = 1
