import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from './problem.mjs'

// Type stripping is stable from here on, and the program is TypeScript run as it is.
const MINIMUM = [24, 12]

export function isRecentEnough(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])
}

/**
 * The Node that runs the program: the one pinned in the lock, so that everybody runs the same; where no pinned one
 * exists for the machine, the Node that runs the launcher, if it is new enough.
 */
export function findNode({ root, platform = process.platform, arch = process.arch, version = process.version }) {
  const pinned = join(root, 'node_modules', `node-${platform}-${arch}`, 'bin', 'node')
  if (existsSync(pinned)) return pinned
  if (isRecentEnough(version)) return process.execPath
  throw new Problem(
    `Assay runs on Node ${MINIMUM.join('.')} or newer. This is Node ${version}, and no pinned Node was installed for ` +
      `${platform}-${arch} (there is one for linux-x64 and linux-arm64).\nPut a newer Node first on the PATH, then try again.`
  )
}
