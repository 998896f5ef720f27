import type { Assumptions, PersonaName } from './assumptions.ts'
import type { Scene } from './scene.ts'

/** A kind of actor: somebody who, or who with others, applies in one way. Pure: all chance comes from the scene. */
export interface Persona {
  readonly name: PersonaName
  /** Fewest and most people that one actor brings; few are likelier than many. */
  readonly sizes: (assumptions: Assumptions) => readonly [fewest: number, most: number]
  readonly act: (scene: Scene) => void
}
