--[[
  Whether a decision is the last of its application. Not a function of its own.

  rounds    list of decision ids; absent while there is only the first
]]
local function is_last_round(rounds, id)
  local last = redis.call('LINDEX', rounds, -1)
  return not last or last == id, last
end

--[[
  Puts a decision before a person, once.

  KEYS[1]   hash  review: 'cause' REFER or REQUEST · 'created', 'due' ms · 'requested' ms, when the borrower asked ·
                  'code' of what the borrower says · 'holder', 'until' ms of a claim · 'first', 'first_at', 'first_reason',
                  'first_note', 'first_amount' of an approval that waits for a second person ·
                  'done' ms, 'action', 'by', 'reason', 'note', 'next' decision id once finished
  KEYS[2]   zset  open reviews of the tenant in the partition, by due time
  KEYS[3]   list  rounds of the application
  ARGV[1]   decision id
  ARGV[2]   REFER or REQUEST
  ARGV[3]   now, ms
  ARGV[4]   due, ms
  ARGV[5]   code of what the borrower says, '' for none
  ARGV[6]   how many may be open when a borrower asks; a referral is as old as its decision and always has its place, or
            those of one partner would wait in the outbox before those of others
  ARGV[7]   how long the review is kept, ms; places of reviews that have ended go
  Reply     1 opened · 2 known before · 3 full, nothing was written · 4 a later decision took its place
  A repeat after a lost reply is answered 2.
]]
local function assay_review_open(keys, args)
  if redis.call('EXISTS', keys[1]) == 1 then
    if args[2] == 'REQUEST' and redis.call('HSETNX', keys[1], 'requested', args[3]) == 1 and args[5] ~= '' then
      redis.call('HSET', keys[1], 'code', args[5])
    end
    return 2
  end
  if not is_last_round(keys[3], args[1]) then return 4 end
  redis.call('ZREMRANGEBYSCORE', keys[2], '-inf', '(' .. string.format('%.0f', tonumber(args[3]) - tonumber(args[7])))
  if args[2] == 'REQUEST' and redis.call('ZCARD', keys[2]) >= tonumber(args[6]) then return 3 end
  redis.call('HSET', keys[1], 'cause', args[2], 'created', args[3], 'due', args[4])
  if args[2] == 'REQUEST' then redis.call('HSET', keys[1], 'requested', args[3]) end
  if args[5] ~= '' then redis.call('HSET', keys[1], 'code', args[5]) end
  redis.call('PEXPIRE', keys[1], args[7])
  redis.call('ZADD', keys[2], args[4], args[1])
  return 1
end

--[[
  Takes a review for one person for a while, or for a while longer.

  KEYS[1]   hash  review
  ARGV[1]   reviewer
  ARGV[2]   now, ms
  ARGV[3]   until when, ms
  Reply     1 claimed · 0 no such review · 2 somebody else holds it · 3 finished · 4 it waits for another person's approval
]]
local function assay_review_claim(keys, args)
  if redis.call('EXISTS', keys[1]) == 0 then return 0 end
  local known = redis.call('HMGET', keys[1], 'done', 'first', 'holder', 'until')
  if known[1] then return 3 end
  if known[2] == args[1] then return 4 end
  if known[3] and known[3] ~= args[1] and tonumber(known[4]) > tonumber(args[2]) then return 2 end
  redis.call('HSET', keys[1], 'holder', args[1], 'until', args[3])
  return 1
end

-- Whether a reviewer holds a review now: 1, or 0 none, 2 not held, 3 finished. Not a function of its own.
local function held(review, reviewer, now)
  if redis.call('EXISTS', review) == 0 then return 0 end
  local known = redis.call('HMGET', review, 'done', 'holder', 'until')
  if known[1] then return 3 end
  if known[2] ~= reviewer or tonumber(known[3]) <= tonumber(now) then return 2 end
  return 1
end

--[[
  Notes the first of two approvals and gives the review back for the second person.

  KEYS[1]   hash  review
  ARGV[1]   reviewer
  ARGV[2]   now, ms
  ARGV[3]   reason
  ARGV[4]   note, '' for none
  ARGV[5]   amount in minor units
  Reply     1 noted, now or by an earlier try · 0 no such review · 2 not held by this reviewer · 3 finished
]]
local function assay_review_first(keys, args)
  if redis.call('HGET', keys[1], 'first') == args[1] and redis.call('HGET', keys[1], 'first_amount') == args[5] then
    return 1
  end
  local state = held(keys[1], args[1], args[2])
  if state ~= 1 then return state end
  redis.call('HSET', keys[1], 'first', args[1], 'first_at', args[2], 'first_reason', args[3],
    'first_note', args[4], 'first_amount', args[5])
  redis.call('HDEL', keys[1], 'holder', 'until')
  return 1
end

--[[
  Makes the next decision of an application durable, whole or not at all: the decision, its place among the rounds, the ledger
  entry, what it sets off, and the end of the review of the decision before. Its bytes stay as they were.

  KEYS[1]   string  application
  KEYS[2]   string  the new decision
  KEYS[3]   stream  ledger of the partition
  KEYS[4]   stream  its outbox
  KEYS[5]   list    rounds of the application
  KEYS[6]   hash    review of the decision before
  KEYS[7]   zset    open reviews of the tenant
  KEYS[8]   zset    finished reviews of the tenant
  KEYS[9]   string  exposure of the applicant
  ARGV[1]   how long decisions are kept, ms
  ARGV[2]   now, ms
  ARGV[3]   id of the decision before
  ARGV[4]   id of the new decision
  ARGV[5]   its value
  ARGV[6]   sha256 of the value in hex
  ARGV[7]   the reviewer, '' where no person decided
  ARGV[8]   whose first approval this confirms, '' where it confirms none
  ARGV[9]   action: approve, decline, return, or evidence where no person decided
  ARGV[10]  reason
  ARGV[11]  note
  ARGV[12]  how many finished reviews are listed
  ARGV[13]  what the new decision holds of the limit, in the place of what the application held: `alone` of
            hold_exposure, '' for nothing
  ARGV[14]  its `keep`
  ARGV[15]  its `hold`
  ARGV[16]  application id
  ARGV[17..] entries for the outbox as JSON
  Reply     {1} committed, now or by an earlier try · {0} the decision before is not kept · {2} not held by this reviewer ·
            {3} the review is finished · {4, decision id} another decision took the place of the one before ·
            {5} the first approval is not the one that was read · {6} more would be owed than the limit allows
]]
local function assay_round(keys, args)
  if redis.call('EXISTS', keys[2]) == 1 then return { 1 } end
  local last, current = is_last_round(keys[5], args[3])
  if not last then return { 4, current } end
  if not current then
    local application = redis.call('GET', keys[1])
    if not application or string.sub(application, 1, 1) ~= 'D' or string.sub(application, 66) ~= args[3] then
      return { 0 }
    end
  end
  if args[7] ~= '' then
    local state = held(keys[6], args[7], args[2])
    if state ~= 1 then return { state } end
    local first = redis.call('HGET', keys[6], 'first') or ''
    if args[8] ~= '' and (first ~= args[8] or first == args[7]) then return { 5 } end
  end
  local exposure, ttl = redis.call('GET', keys[9]), redis.call('PTTL', keys[9])
  if exposure then change_exposure(keys[9], 'W ' .. args[16] .. ' -') end
  if args[13] ~= '' and hold_exposure(keys[9], args[4], args[13], args[14], args[15]) then
    if exposure and ttl > 0 then redis.call('SET', keys[9], exposure, 'PX', ttl)
    elseif exposure then redis.call('SET', keys[9], exposure) end
    return { 6 }
  end
  local keep = args[1]
  redis.call('SET', keys[2], args[5], 'PX', keep)
  if not current then redis.call('RPUSH', keys[5], args[3]) end
  redis.call('RPUSH', keys[5], args[4])
  redis.call('PEXPIRE', keys[5], keep)
  redis.call('XADD', keys[3], '*', 'i', args[4], 'h', args[6])
  for arg = 17, #args do redis.call('XADD', keys[4], '*', 'o', args[arg]) end
  if redis.call('EXISTS', keys[6]) == 1 then
    redis.call('HSET', keys[6], 'done', args[2], 'action', args[9], 'by', args[7], 'reason', args[10],
      'note', args[11], 'next', args[4])
    redis.call('PEXPIRE', keys[6], keep)
    redis.call('ZREM', keys[7], args[3])
    redis.call('ZADD', keys[8], args[2], args[3])
    redis.call('ZREMRANGEBYRANK', keys[8], 0, -1 - tonumber(args[12]))
    redis.call('PEXPIRE', keys[8], keep)
  end
  return { 1 }
end

redis.register_function('assay_review_open', assay_review_open)
redis.register_function('assay_review_claim', assay_review_claim)
redis.register_function('assay_review_first', assay_review_first)
redis.register_function('assay_round', assay_round)
