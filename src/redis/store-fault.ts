/**
 * Answers of a Redis that cannot take this write now, whatever it says: full, loading, a replica, busy, without the
 * function library. Another answer is about what was written.
 */
const UNABLE =
  /^(OOM|LOADING|READONLY|MASTERDOWN|BUSY|MISCONF|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|NOAUTH|NOPERM|UNBLOCKED|ERR Function not found)/

/** Whether a failed write says something about Redis or the way to it, and not about what was written. */
export function isStoreFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'ReplyError') return UNABLE.test(error.message)
  // What our own code throws has these classes; a connection that broke or a reply that is late has none of them.
  return !['RangeError', 'TypeError', 'SyntaxError', 'ReferenceError', 'AssayError'].includes(error.name)
}
