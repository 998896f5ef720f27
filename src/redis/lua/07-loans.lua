--[[
  The loan book. A loan is the set of its events as text: adding one again changes nothing, and how many there are is its
  version, since none is ever taken out. What a loan is follows from the set alone (src/loans/fold-loan.ts): no rule is here.
]]
local LOAN_EVENTS = 2000

-- Words of what is to be noted: the loan as it stands in the due index (tenant, applicant's token, loan id), a line feed, the event.
local function split_loan(note)
  local cut = string.find(note, '\n', 1, true)
  return string.sub(note, 1, cut - 1), string.sub(note, cut + 1)
end

-- Whether a loan takes another event: one with so many is a mistake of its producer, and reading it must stay cheap.
local function takes_loan_event(loan, note)
  if redis.call('SCARD', loan) < LOAN_EVENTS then return true end
  local _, event = split_loan(note)
  return redis.call('SISMEMBER', loan, event) == 1
end

--[[
  Notes an event of a loan. Not a function of its own.
  keys[at]      set         the loan: its events
  keys[at + 1]  set         ids of the applicant's loans
  keys[at + 2]  set         tokens of the applicants under whom the loan lies: one, unless its producer told two
  keys[at + 3]  sorted set  loans of the partition by when they are to be looked at: at once, now
  Returns whether it was new.
]]
local function add_loan_event(keys, at, note)
  local member, event = split_loan(note)
  if redis.call('SADD', keys[at], event) == 0 then return false end
  local token, loan_id = string.match(member, '^%S+ (%S+) (%S+)$')
  redis.call('PERSIST', keys[at])
  redis.call('PERSIST', keys[at + 2])
  redis.call('SADD', keys[at + 1], loan_id)
  redis.call('SADD', keys[at + 2], token)
  redis.call('ZADD', keys[at + 3], 0, member)
  return true
end

--[[
  Notes events of loans that are in the log already.
  KEYS      for each event four, see add_loan_event
  ARGV      for each event what is to be noted
  Reply     how many were new
]]
local function assay_loan_add(keys, args)
  local new = 0
  for index, note in ipairs(args) do
    local at = 4 * index - 3
    if takes_loan_event(keys[at], note) and add_loan_event(keys, at, note) then new = new + 1 end
  end
  return new
end

--[[
  Says when a loan is to be looked at next.
  KEYS[1]   set         the loan
  KEYS[2]   set         tokens of the applicants under whom it lies
  KEYS[3]   sorted set  loans of the partition by when they are to be looked at
  ARGV[1]   how many events it had when it was looked at
  ARGV[2]   the loan as it stands in the index
  ARGV[3]   when, ms · '' for never
  ARGV[4]   how long a loan is kept that is never looked at again, ms
  Reply     1 noted · 0 refused, something has happened to it since: it stays due
]]
local function assay_loan_settle(keys, args)
  if redis.call('SCARD', keys[1]) ~= tonumber(args[1]) then return 0 end
  if args[3] ~= '' then
    redis.call('ZADD', keys[3], args[3], args[2])
    return 1
  end
  redis.call('ZREM', keys[3], args[2])
  redis.call('PEXPIRE', keys[1], args[4])
  redis.call('PEXPIRE', keys[2], args[4])
  return 1
end

redis.register_function('assay_loan_add', assay_loan_add)
redis.register_function('assay_loan_settle', assay_loan_settle)
