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

-- Forgets a delivery that was given up. Not a function of its own.
local function forget_delivery(dead, letters, id)
  redis.call('ZREM', dead, id)
  return redis.call('HDEL', letters, id)
end

--[[
  Keeps a delivery that was given up, for a person to send again. Given up again, it has its newest letter.
  KEYS[1]   zset  dead deliveries of the partner, score = when, ms
  KEYS[2]   hash  their letters by id
  ARGV[1]   delivery id
  ARGV[2]   letter as JSON
  ARGV[3]   now, ms
  ARGV[4]   most letters that are kept
  ARGV[5]   letters from before then go: their events have ended
  Reply     how many old ones went for it
]]
local function assay_webhook_bury(keys, args)
  redis.call('ZADD', keys[1], args[3], args[1])
  redis.call('HSET', keys[2], args[1], args[2])
  local excess = redis.call('ZCARD', keys[1]) - tonumber(args[4])
  local gone = redis.call('ZRANGE', keys[1], '-inf', '(' .. args[5], 'BYSCORE')
  if excess > #gone then gone = redis.call('ZRANGE', keys[1], 0, excess - 1) end
  for _, id in ipairs(gone) do forget_delivery(keys[1], keys[2], id) end
  return #gone
end

--[[
  Takes a delivery out of the dead ones and queues it again: both or neither.
  KEYS[1]   zset    dead deliveries of the partner
  KEYS[2]   hash    their letters by id
  KEYS[3]   hash    event
  KEYS[4]   stream  webhook outbox
  ARGV[1]   delivery id
  ARGV[2]   entry of the outbox as JSON
  Reply     1 queued · 0 there is no such dead delivery, or its event has ended; nothing was queued
]]
local function assay_webhook_resend(keys, args)
  if forget_delivery(keys[1], keys[2], args[1]) == 0 then return 0 end
  if redis.call('EXISTS', keys[3]) == 0 then return 0 end
  redis.call('XADD', keys[4], '*', 'w', args[2])
  return 1
end

redis.register_function('assay_webhook_bury', assay_webhook_bury)
redis.register_function('assay_webhook_resend', assay_webhook_resend)
