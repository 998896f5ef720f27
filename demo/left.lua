--[[
  What is left to do by now, and wakes workers that sleep in front of it.
  KEYS      for each queue of BullMQ five: wait, prioritized, active, delayed, marker · streams of outboxes · loans that are due
  ARGV[1]   how many queues
  ARGV[2]   how many streams
  ARGV[3]   score up to which delayed jobs are due
  ARGV[4]   time up to which loans are due, ms
  Reply     jobs, entries and loans
]]
local queues, streams = tonumber(ARGV[1]), tonumber(ARGV[2])
local left = 0

for queue = 0, queues - 1 do
  local at = 5 * queue
  local ready = redis.call('LLEN', KEYS[at + 1])
    + redis.call('ZCARD', KEYS[at + 2])
    + redis.call('ZCOUNT', KEYS[at + 4], '-inf', ARGV[3])
  if ready > 0 then redis.call('ZADD', KEYS[at + 5], 0, '0') end
  left = left + ready + redis.call('LLEN', KEYS[at + 3])
end

for stream = 1, streams do
  local key = KEYS[5 * queues + stream]
  local pending = redis.call('XLEN', key)
  -- The one group of an outbox; how far it lags is unknown behind an entry that was deleted.
  if pending > 0 then
    for _, info in ipairs(redis.call('XINFO', 'GROUPS', key)) do
      local of = {}
      for field = 1, #info, 2 do of[info[field]] = info[field + 1] end
      if of['lag'] then pending = of['pending'] + of['lag'] end
    end
  end
  left = left + pending
end

for index = 5 * queues + streams + 1, #KEYS do
  left = left + redis.call('ZCOUNT', KEYS[index], '-inf', ARGV[4])
end
return left
