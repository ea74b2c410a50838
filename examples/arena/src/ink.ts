/** Text with color for terminals: what is added takes no room on the screen, and is left out where color is not wanted. */
export type Ink = 'plain' | 'dim' | 'bold' | 'wall' | 'pellet' | 'runner' | 'hunter'

const csi = '\x1b['

const codes: Readonly<Record<Ink, string>> = {
  plain: '',
  dim: '2',
  bold: '1',
  wall: '90',
  pellet: '33',
  runner: '96',
  hunter: '1;91',
}

export type Paint = (ink: Ink, text: string) => string

/** `NO_COLOR` with any value but the empty one means no color: see no-color.org. */
export function paintFor(environment: NodeJS.ProcessEnv): Paint {
  if ((environment.NO_COLOR ?? '') !== '') return (_ink, text) => text
  return (ink, text) => (ink === 'plain' ? text : `${csi}${codes[ink]}m${text}${csi}0m`)
}

const escapes = new RegExp(`${csi.replace('[', '\\[')}[0-9;]*m`, 'y')

/** Cuts a line to so many columns; what colors it is kept and costs none. Every other character takes one column. */
export function clip(line: string, columns: number): string {
  let cut = ''
  let used = 0
  for (let index = 0; index < line.length; ) {
    escapes.lastIndex = index
    const color = escapes.exec(line)?.[0]
    if (color === undefined && used === columns) {
      index++
      continue
    }
    cut += color ?? line[index]
    index += color?.length ?? 1
    if (color === undefined) used++
  }
  return cut
}
