import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findFaults, type ImageFile, type LockFile, MOST_BYTES } from './image/contents.ts'
import { createContextFilter } from './image/docker-ignore.ts'
import { instructionsOf, stagesOf } from './image/dockerfile.ts'

const ROOT = new URL('../../', import.meta.url)

describe('the context of a build', () => {
  test('is what .dockerignore lets in', () => {
    const isIn = createContextFilter(readFileSync(new URL('.dockerignore', ROOT), 'utf8'))
    const paths = [
      'src/main.ts',
      'models/active.json',
      '.npmrc',
      '.env',
      'test/a.ts',
      'models/training/train.py',
      'srcs/a.ts'
    ]
    expect(paths.filter(isIn)).toEqual(['src/main.ts', 'models/active.json', '.npmrc'])
  })

  test('is ruled by the last rule that matches a path or a folder it is in', () => {
    const isIn = createContextFilter('# all\n**/*.log\nout\n!out/keep\n/top?.txt\n')
    const paths = ['a/b.log', 'b.log', 'out/a', 'out/keep/a', 'top1.txt', 'a/top1.txt', 'blog']
    expect(paths.filter(isIn)).toEqual(['out/keep/a', 'a/top1.txt', 'blog'])
  })
})

test('a Dockerfile is read by stages, with continued lines as one and comments left out', () => {
  const stages = stagesOf('# c\nFROM a:1 AS one\nRUN x \\\n  # why\n  && y\nFROM b\nUSER node\n')
  expect(stages).toEqual([
    { base: 'a:1', name: 'one', instructions: [{ name: 'RUN', value: 'x  && y' }] },
    { base: 'b', name: undefined, instructions: [{ name: 'USER', value: 'node' }] }
  ])
  expect(() => instructionsOf('run x\n')).toThrow('no instruction: run x')
  expect(() => stagesOf('RUN x\n')).toThrow('RUN before FROM')
})

describe('the content of an image', () => {
  const file = (path: string, head: readonly number[] = [], bytes = 100): ImageFile => {
    return { path, bytes, head: Buffer.concat([Buffer.from(head), Buffer.alloc(20)], 20) }
  }
  const elf = (machine: number) => [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, machine, 0]
  const [OURS, OTHER] = process.arch === 'arm64' ? [183, 62] : [62, 183]
  const lock: LockFile = { packages: { '': {}, 'node_modules/a': {}, 'node_modules/dev': { dev: true } } }
  const good = [
    ...['package.json', 'src/main.ts', 'src/cli/main.ts', 'workers/ingest.ts', 'workers/monitor.ts'],
    ...['policies/active.json', 'models/active.json', 'node_modules/a/package.json']
  ].map((path) => file(path))
  const withFile = (added: ImageFile) =>
    findFaults([...good, file('node_modules/a/a.node', elf(OURS)), added], lock, [])

  test('is faultless when all is there and nothing else', () => {
    expect(withFile(file('src/redis/lua/a.lua'))).toEqual([])
  })

  test.each([
    ['a test', file('src/a.test.ts'), 'src/a.test.ts is no part of a release'],
    ['data', file('models/table.csv'), 'models/table.csv is no part of a release'],
    ['a secret', file('src/.env'), 'src/.env is no part of a release'],
    ['a folder of the checkout', file('docs/a.md'), 'docs does not belong there'],
    [
      'a package for development',
      file('node_modules/dev/package.json'),
      'node_modules/dev is for development or another Node'
    ],
    [
      'a library for another processor',
      file('node_modules/a/b.so', elf(OTHER)),
      'b.so is a program for another kind of machine'
    ],
    ['a library for macOS', file('node_modules/a/b.dylib', [0xcf, 0xfa, 0xed, 0xfe]), 'for another kind of machine'],
    ['a library for Windows', file('node_modules/a/b.dll', [0x4d, 0x5a]), 'for another kind of machine'],
    ['too much', file('models/big.onnx', [], (MOST_BYTES.models ?? 0) + 1), 'models has 4.0 MiB, at most 4.0 MiB']
  ])('has a fault with %s', (_what, added, fault) => {
    expect(withFile(added)).toEqual([expect.stringContaining(fault)])
  })

  test('has a fault when a package, a program or a file of the checkout is missing', () => {
    const without = (path: string) =>
      findFaults(
        good.filter((each) => each.path !== path),
        lock,
        []
      )
    expect(without('node_modules/a/package.json')).toEqual(['node_modules/a is missing'])
    expect(without('policies/active.json')).toEqual(['policies/active.json is missing'])
    expect(findFaults(good, lock, ['src/new.ts'])).toEqual(['src/new.ts is missing'])
  })
})
