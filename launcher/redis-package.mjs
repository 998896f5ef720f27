import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { withLock } from './lock.mjs'

const run = promisify(execFile)
// Measured at 4 to 6 s on two cores; a mirror that answers slowly may take minutes, a dead one must not take for ever.
const APT_DEADLINE_MS = 180_000

/** Where an unpacked package keeps its server, with the environment that lets it find its libraries. */
export function unpackedServer(dir) {
  return { command: join(dir, 'usr', 'bin', 'redis-server'), env: { LD_LIBRARY_PATH: libraryPath(dir) } }
}

/**
 * Unpacks Debian's (or Ubuntu's) redis-server into `dir`, without root and without touching the system: apt works on
 * private lists and only downloads, dpkg-deb only unpacks. apt itself names the packages, those the machine lacks and
 * no others, so nothing here depends on what a release calls its libraries. Throws with the reason when it cannot.
 */
export async function unpackRedis({ dir, apt, dpkgDeb, env, isUsable }) {
  await withLock(`${dir}.lock`, async () => {
    if (await isUsable(unpackedServer(dir))) return
    removeAbandoned(dir)
    const work = `${dir}.${process.pid}.tmp`
    const unpacked = join(work, 'root')
    try {
      const packages = await download(work, apt, env)
      mkdirSync(unpacked, { recursive: true })
      for (const file of packages) await run(dpkgDeb, ['-x', file, unpacked], { env })
      // Complete or absent: whoever looks at `dir` never sees half a package.
      rmSync(dir, { recursive: true, force: true })
      renameSync(unpacked, dir)
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  })
}

/** What an interrupted launcher left; inside the lock nobody else is at work. */
function removeAbandoned(dir) {
  const isLeftover = (name) => name.startsWith(`${basename(dir)}.`) && name.endsWith('.tmp')
  for (const name of readdirSync(dirname(dir)).filter(isLeftover)) {
    rmSync(join(dirname(dir), name), { recursive: true, force: true })
  }
}

async function download(work, apt, env) {
  const archives = join(work, 'cache', 'archives')
  mkdirSync(join(work, 'state', 'lists', 'partial'), { recursive: true })
  mkdirSync(join(archives, 'partial'), { recursive: true })
  const config = join(work, 'apt.conf')
  writeFileSync(config, aptConfig(work))
  const options = { env: { ...env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }, timeout: APT_DEADLINE_MS }
  await aptGet(apt, ['-c', config, '-q', 'update'], options)
  const install = ['install', '--yes', '--download-only', '--no-install-recommends', 'redis-server']
  await aptGet(apt, ['-c', config, '-q', ...install], options)
  const files = readdirSync(archives).filter((name) => name.endsWith('.deb'))
  if (files.length === 0) throw new Error('apt-get had nothing to download: redis-server seems to be installed already')
  return files.map((name) => join(archives, name))
}

async function aptGet(apt, args, options) {
  try {
    await run(apt, args, options)
  } catch (error) {
    if (error.killed) throw new Error(`apt-get did not finish within ${APT_DEADLINE_MS / 1000} s`)
    const complaints = (error.stderr ?? '').split('\n').filter((line) => /^[EW]: /.test(line))
    throw new Error(complaints.slice(-3).join(' ') || error.message)
  }
}

// The machine's own hooks after an update write to system directories, which an ordinary user may not do, and the
// sandbox user could not write into ours.
function aptConfig(work) {
  return `Dir::State "${work}/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "${work}/cache";
Debug::NoLocking "1";
APT::Sandbox::User "";
Acquire::Retries "2";
Acquire::Languages "none";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
`
}

function libraryPath(dir) {
  try {
    const libraries = readdirSync(dir, { recursive: true }).filter((path) => /\.so(\.\d+)*$/.test(path))
    return [...new Set(libraries.map((path) => join(dir, dirname(path))))].join(':')
  } catch {
    return ''
  }
}
