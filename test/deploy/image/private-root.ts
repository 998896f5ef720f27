import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'

/** What stands in for the base image: programs and libraries of this machine, its npm, and the Node of the lock. */
export interface Base {
  readonly node: string
  /** The folder of npm. */
  readonly npm: string
}

export interface Entering {
  readonly root: string
  readonly base: Base
  readonly workdir: string
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  /** Everything but /tmp. */
  readonly isReadOnly: boolean
  /** Folders of this machine that are there too, by where they are in the root. */
  readonly mounts?: Readonly<Record<string, string>>
}

export const NODE_UID = 1000
const UIDS: Readonly<Record<string, number>> = { root: 0, node: NODE_UID }
const TMP_SIZE = '64m'
const FOLDERS = ['usr', 'etc/ssl', 'dev', 'proc', 'tmp', 'root', 'home/node', 'base/bin', 'base/lib/node_modules/npm']
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom']
const ETC = {
  passwd: `root:x:0:0:root:/root:/bin/sh\nnode:x:${NODE_UID}:${NODE_UID}::/home/node:/bin/sh\n`,
  group: `root:x:0:\nnode:x:${NODE_UID}:\n`,
  hosts: '127.0.0.1 localhost\n'
}

// In mounts of its own, which go with the process; exec at the end, so that a signal to us is one to the program.
const ENTER = `set -e
root=$1 node=$2 npm=$3 readonly=$4; shift 4
mount --bind "$root" "$root"
mount --bind /usr "$root/usr"
mount -o remount,bind,ro "$root/usr"
[ ! -d /etc/ssl ] || { mount --bind /etc/ssl "$root/etc/ssl"; mount -o remount,bind,ro "$root/etc/ssl"; }
mount --bind "$root/base" "$root/usr/local"
mount --bind "$node" "$root/usr/local/bin/node"
mount --bind "$npm" "$root/usr/local/lib/node_modules/npm"
for device in ${DEVICES.join(' ')}; do mount --bind /dev/$device "$root/dev/$device"; done
mount --rbind /proc "$root/proc"
mount -t tmpfs -o size=${TMP_SIZE},mode=1777 tmpfs "$root/tmp"
while [ "$1" != -- ]; do mkdir -p "$root$1"; mount --bind "$2" "$root$1"; shift 2; done
shift
[ "$readonly" = no ] || mount -o remount,bind,ro "$root"
exec chroot "$root" "$@"`

/** @throws with what is missing */
export function findBase(node: string): Base {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Error('a root of its own needs Linux and the rights of root: sudo npm run image:prove')
  for (const program of ['unshare', 'chroot', 'mount', 'setpriv', 'env', 'npm'])
    if (which(program) === undefined) throw new Error(`${program} is not on this machine`)
  return { node: realpathSync(node), npm: dirname(dirname(realpathSync(which('npm') as string))) }
}

/** An empty root for a stage. */
export function createRoot(root: string): void {
  for (const folder of FOLDERS) mkdirSync(join(root, folder), { recursive: true })
  for (const file of [...DEVICES.map((device) => `dev/${device}`), 'base/bin/node']) writeFileSync(join(root, file), '')
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'base/bin/npm'))
  for (const name of ['bin', 'sbin', 'lib', 'lib64'])
    if (existsSync(`/${name}`) && lstatSync(`/${name}`).isSymbolicLink())
      symlinkSync(readlinkSync(`/${name}`), join(root, name))
  for (const [name, text] of Object.entries(ETC)) writeFileSync(join(root, 'etc', name), text)
  for (const name of ['ld.so.cache', 'resolv.conf', 'nsswitch.conf'])
    if (existsSync(`/etc/${name}`)) cpSync(`/etc/${name}`, join(root, 'etc', name), { dereference: true })
  chmodSync(root, 0o755)
  chownSync(join(root, 'home/node'), NODE_UID, NODE_UID)
}

/** The command of this machine that runs `argv` in the root. */
function commandOf(entering: Entering, argv: readonly string[]): string[] {
  const { root, base, workdir, env, user, isReadOnly, mounts = {} } = entering
  const uid = UIDS[user]
  if (uid === undefined) throw new Error(`no user ${user} in the base`)
  const home = uid === 0 ? '/root' : `/home/${user}`
  const own = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: home, ...env }
  // As compose confines it: no capability, and none to be had.
  const rights = ['--reuid', uid, '--regid', uid, '--clear-groups', '--bounding-set=-all', '--inh-caps=-all'].map(
    String
  )
  return [
    ...['--mount', '--', 'sh', '-c', ENTER, 'enter', root, base.node, base.npm, isReadOnly ? 'yes' : 'no'],
    ...Object.entries(mounts).flat(),
    '--',
    ...(uid === 0 ? [] : ['setpriv', ...rights, '--no-new-privs']),
    ...['env', '-i', '-C', workdir, ...Object.entries(own).map(([name, value]) => `${name}=${value}`)],
    ...argv
  ]
}

/** Runs to the end. @throws with what the program printed when it fails or takes too long */
export function runIn(entering: Entering, argv: readonly string[], timeoutMs: number): string {
  try {
    return execFileSync('unshare', commandOf(entering, argv), {
      encoding: 'utf8',
      timeout: timeoutMs,
      stdio: ['ignore', 'pipe', 'pipe']
    })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${argv.join(' ')} failed:\n${stdout}${stderr}`, { cause: error })
  }
}

/** Starts; the process is that of the program itself, its output in `child.stdout` and `child.stderr`. */
export function startIn(entering: Entering, argv: readonly string[]) {
  return spawn('unshare', commandOf(entering, argv), { stdio: ['ignore', 'pipe', 'pipe'] })
}

function which(program: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path))
}
