// Loaded before a process of the demo (node --import): its Date tells the time of the demo, read from eight bytes that the
// demo writes. The service has no such switch. Waits, deadlines and durations stay real: they are on other clocks.
import { openSync, readSync } from 'node:fs'

const file = process.env.DEMO_CLOCK_FILE
if (file) {
  const bytes = Buffer.alloc(8)
  const descriptor = openSync(file, 'r')
  const RealDate = Date
  const realNow = RealDate.now
  const now = () => {
    readSync(descriptor, bytes, 0, 8, 0)
    return bytes.readDoubleLE(0) || realNow()
  }
  RealDate.now = now
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RealDate(now()).toString()
  })
}
