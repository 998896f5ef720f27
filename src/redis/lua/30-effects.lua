--[[
  Does something once: remembers that it was done and tells it to a stream, both or neither.
  KEYS[1]   string  effect
  KEYS[2]   stream  where it is told
  ARGV[1]   entry as JSON
  ARGV[2]   how long the effect is remembered, ms
  Reply     1 done now · 0 done before, nothing was written
]]
local function assay_effect(keys, args)
  if not redis.call('SET', keys[1], '1', 'NX', 'PX', args[2]) then return 0 end
  redis.call('XADD', keys[2], '*', 'n', args[1])
  return 1
end

redis.register_function('assay_effect', assay_effect)
