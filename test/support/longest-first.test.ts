import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOT } from './gateway-process.ts'
import { LONGEST } from './longest-first.ts'

test('every file that begins first is there, once', () => {
  expect(LONGEST.filter((file) => !existsSync(`${ROOT}/${file}`))).toEqual([])
  expect(new Set(LONGEST).size).toBe(LONGEST.length)
})
