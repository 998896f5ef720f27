--[[
  Replaces the state of the portfolio guard if it is still what the caller read, and tells its history; both or neither.
  KEYS[1]   hash    the state: s its JSON, v a number that grows with every change, which is the fencing token
  KEYS[2]   stream  the history
  ARGV[1]   v as it was read, 0 for none
  ARGV[2]   the new state as JSON
  ARGV[3]   entries of the history that are kept, about
  ARGV[4..] new entries of the history as JSON
  Reply     1 written · 0 refused, somebody else has changed it since
]]
local function assay_guard_write(keys, args)
  if (redis.call('HGET', keys[1], 'v') or '0') ~= args[1] then return 0 end
  redis.call('HSET', keys[1], 'v', args[1] + 1, 's', args[2])
  for at = 4, #args do redis.call('XADD', keys[2], 'MAXLEN', '~', args[3], '*', 'h', args[at]) end
  return 1
end

redis.register_function('assay_guard_write', assay_guard_write)
