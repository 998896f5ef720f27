--[[
  Begins a check of a loan. Who runs a job that another worker began and was not heard of since takes the check over: it gets a
  higher fencing token, and only the highest may act. Who runs it first has the token there is: nothing is written for it.
  KEYS[1]   string  effect of the check
  KEYS[2]   string  fence of the check
  ARGV[1]   '1' takes over · '0' does not
  ARGV[2]   how long the fence is kept, ms
  Reply     {fencing token, the effect: '' when nothing was done yet}
]]
local function assay_check_begin(keys, args)
  local token
  if args[1] == '1' then
    token = redis.call('INCR', keys[2])
    redis.call('PEXPIRE', keys[2], args[2])
  else
    token = tonumber(redis.call('GET', keys[2])) or 0
  end
  return { token, redis.call('GET', keys[1]) or '' }
end

--[[
  Does what a check of a loan is about: remembers that it was done and tells it to a stream, both or neither; once, only for
  the newest worker, only while the loan is what that worker read, and within the contacts that a person may have in a day.
  KEYS[1]   string  effect of the check
  KEYS[2]   string  fence of the check
  KEYS[3]   set     the loan
  KEYS[4]   stream  where it is told
  KEYS[5]   string  contacts of the person that day; left out when nobody is contacted
  ARGV[1]   fencing token
  ARGV[2]   how many events the loan had when it was read
  ARGV[3]   what the effect becomes: 'd' done · 'p' something is still to follow
  ARGV[4]   how long the effect is remembered, ms
  ARGV[5]   entry as JSON, '' for none
  ARGV[6]   how many contacts a day there may be
  ARGV[7]   how many of them the loan itself tells of
  ARGV[8]   how long contacts are remembered, ms
  ARGV[9]   how many entries the stream keeps, and some more: whole nodes of it go, the oldest first
  Reply     {1 done now · 0 done before · -1 another worker took over · -2 the loan has changed · -3 no contact is left,
            contacts of the day, entries that went}
]]
local function assay_check_act(keys, args)
  if redis.call('EXISTS', keys[1]) == 1 then return { 0, 0, 0 } end
  if (redis.call('GET', keys[2]) or '0') ~= args[1] then return { -1, 0, 0 } end
  if redis.call('SCARD', keys[3]) ~= tonumber(args[2]) then return { -2, 0, 0 } end
  local contacts = 0
  if keys[5] then
    contacts = (tonumber(redis.call('GET', keys[5])) or 0) + tonumber(args[7]) + 1
    if contacts > tonumber(args[6]) then return { -3, contacts - 1, 0 } end
    redis.call('INCR', keys[5])
    redis.call('PEXPIRE', keys[5], args[8])
  end
  redis.call('SET', keys[1], args[3], 'PX', args[4])
  local gone = 0
  if args[5] ~= '' then
    redis.call('XADD', keys[4], '*', 'n', args[5])
    gone = redis.call('XTRIM', keys[4], 'MAXLEN', '~', args[9])
  end
  return { 1, contacts, gone }
end

redis.register_function('assay_check_begin', assay_check_begin)
redis.register_function('assay_check_act', assay_check_act)
