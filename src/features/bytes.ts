/**
 * Integers as bytes, the alphabet of packed records and profiles. A varint has seven bits a byte, the lowest first, and
 * the top bit of a byte says that another follows; a zigzag varint folds the sign into the lowest bit.
 */
export class ByteWriter {
  length = 0
  #bytes: Buffer

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity)
  }

  /** What was written since the start; the next write into the same place changes it. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.length)
  }

  byte(value: number): void {
    if (this.length === this.#bytes.length) this.#grow()
    this.#bytes[this.length++] = value
  }

  uint(value: number, width: number): void {
    if (width > 4) {
      this.uint(Math.floor(value / 2 ** 32), width - 4)
      this.uint(value % 2 ** 32, 4)
      return
    }
    for (let shift = 8 * (width - 1); shift >= 0; shift -= 8) this.byte((value >>> shift) & 255)
  }

  varint(value: number): void {
    let rest = value
    while (rest >= INT32_LIMIT) {
      this.byte((rest % 128) + 128)
      rest = Math.floor(rest / 128)
    }
    while (rest >= 128) {
      this.byte((rest & 127) + 128)
      rest >>>= 7
    }
    this.byte(rest)
  }

  zigzag(value: number): void {
    this.varint(value < 0 ? -value * 2 - 1 : value * 2)
  }

  bigVarint(value: bigint): void {
    let rest = value
    while (rest >= 128n) {
      this.byte(Number(rest & 127n) + 128)
      rest >>= 7n
    }
    this.byte(Number(rest))
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(this.#bytes.length * 2)
    this.#bytes.copy(larger)
    this.#bytes = larger
  }
}

/** Reads what ByteWriter wrote. Past the end it reads zeros; whoever uses it calls `check` before trusting a part. */
export class ByteReader {
  offset = 0
  #bytes: Buffer = Buffer.alloc(0)
  #end = 0

  open(bytes: Buffer, start: number, end: number): this {
    this.#bytes = bytes
    this.offset = start
    this.#end = end
    return this
  }

  /** Throws RangeError when more was read than there is. */
  check(): void {
    if (this.offset > this.#end) throw new RangeError('a profile ends in the middle')
  }

  byte(): number {
    return this.#bytes[this.offset++] ?? 0
  }

  uint16(): number {
    const at = this.offset
    this.offset += 2
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number)
  }

  uint32(): number {
    const at = this.offset
    this.offset += 4
    return readUint32(this.#bytes, at)
  }

  varint(): number {
    const byte = this.#bytes[this.offset++] as number
    return byte < 128 ? byte : this.#longVarint(byte)
  }

  /** Apart, so that the short case is small enough to be compiled into its callers. */
  #longVarint(first: number): number {
    let byte = first
    let value = byte & 127
    let scale = 128
    do {
      byte = this.#bytes[this.offset++] as number
      value += (byte & 127) * scale
      scale *= 128
    } while (byte >= 128 && scale < MAX_SCALE)
    return value
  }

  skipVarints(count: number): void {
    for (let left = count; left > 0; left--) while ((this.#bytes[this.offset++] as number) >= 128);
  }

  zigzag(): number {
    return fromZigzag(this.varint())
  }

  bigVarint(): bigint {
    let value = 0n
    let shift = 0n
    let byte: number
    do {
      byte = this.byte()
      value |= BigInt(byte & 127) << shift
      shift += 7n
    } while (byte >= 128)
    return value
  }
}

const MAX_SCALE = 2 ** 62
const INT32_LIMIT = 2 ** 31

/** Bit operations where they reach, because remainders of doubles are slow (load-tests/bench/fold.ts). */
export function fromZigzag(value: number): number {
  if (value < INT32_LIMIT) return (value >>> 1) ^ -(value & 1)
  const half = Math.floor(value / 2)
  return value === half * 2 ? half : -half - 1
}

export function readUint32(bytes: Buffer, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  )
}

export function readUint48(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) * 256 + (bytes[at + 1] as number)) * 4294967296 + readUint32(bytes, at + 2)
}
