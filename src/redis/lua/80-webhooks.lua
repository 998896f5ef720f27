--[[
  Keeps an event that a partner is to be told, numbers it among those of what it is about and queues it: all or nothing, and
  once for an event.
  KEYS[1]   hash    endpoints of the partner
  KEYS[2]   hash    event: 'e' as JSON · 's' its sequence
  KEYS[3]   string  sequence of what it is about
  KEYS[4]   stream  webhook outbox
  ARGV[1]   the event as JSON
  ARGV[2]   entry of the outbox as JSON
  ARGV[3]   how long the event is kept, ms
  ARGV[4]   how long the sequence is kept, ms
  Reply     the sequence · 0 it was kept before · -1 the partner has no endpoint; nothing was written
]]
local function assay_webhook_emit(keys, args)
  if redis.call('EXISTS', keys[1]) == 0 then return -1 end
  if redis.call('EXISTS', keys[2]) == 1 then return 0 end
  local sequence = redis.call('INCR', keys[3])
  redis.call('PEXPIRE', keys[3], args[4])
  redis.call('HSET', keys[2], 'e', args[1], 's', sequence)
  redis.call('PEXPIRE', keys[2], args[3])
  redis.call('XADD', keys[4], '*', 'w', args[2])
  return sequence
end

redis.register_function('assay_webhook_emit', assay_webhook_emit)
