export interface Instruction {
  readonly name: string
  readonly value: string
}

export interface Stage {
  readonly base: string
  /** What COPY --from calls it. */
  readonly name: string | undefined
  readonly instructions: readonly Instruction[]
}

/** The instructions in order, continued lines joined, comments left out. @throws on a line that is none */
export function instructionsOf(text: string): Instruction[] {
  return text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name, value] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
      if (name === undefined || value === undefined) throw new Error(`no instruction: ${line}`)
      return { name, value }
    })
}

export function stagesOf(text: string): Stage[] {
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = []
  for (const instruction of instructionsOf(text)) {
    if (instruction.name === 'FROM') {
      const [, base = '', name] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.value) ?? []
      stages.push({ base, name, instructions: [] })
      continue
    }
    const stage = stages.at(-1)
    if (stage === undefined) throw new Error(`${instruction.name} before FROM`)
    stage.instructions.push(instruction)
  }
  return stages
}
