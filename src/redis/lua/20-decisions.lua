--[[
  Starts one decision: finds an earlier one, or claims the application and counts it in each of its entities. Shared by the
  decisions of one assay_begin; not a function of its own.

  keys[at]     string  application: 'C' or 'D', fingerprint (64), decision id (36). C is a claim that expires, D is decided
  keys[at + 1] stream  log of the applicant's partition
  keys[at + 2] stream  its entities that are due for folding
  then, if the caller sent a key, a string: the fingerprint it stands for; then the entities
  claim        fingerprint and decision id, which is also the fencing token
]]
local function begin_one(keys, at, entities, last, claim, event, record, lease, due_bytes, max_bytes)
  local idempotency = entities > at + 3 and keys[at + 3]
  local fingerprint = idempotency and string.sub(claim, 1, 64)
  if idempotency then
    local known = redis.call('GET', idempotency)
    if known and known ~= fingerprint then return { 'KEY_CONFLICT' } end
  end
  local current = redis.call('SET', keys[at], 'C' .. claim, 'NX', 'GET', 'PX', lease)
  if current then
    if string.sub(current, 2, 65) ~= string.sub(claim, 1, 64) then return { 'CONFLICT', string.sub(current, 66) } end
    if string.sub(current, 1, 1) ~= 'D' then return { 'PENDING' } end
    -- A key that came with a replay stands for this application too.
    if idempotency then
      redis.call('SET', idempotency, fingerprint, 'PX', math.max(1, redis.call('PTTL', keys[at])))
    end
    return { 'DECIDED', string.sub(current, 66) }
  end
  local lengths =
    append_event(keys, entities, last, keys[at + 1], keys[at + 2], event, record, due_bytes, max_bytes)
  if not lengths then
    redis.call('DEL', keys[at])
    return { 'BACKLOG' }
  end
  if idempotency then redis.call('SET', idempotency, fingerprint, 'PX', lease) end
  return lengths
end

--[[
  Starts the decisions of one turn of the gateway's event loop, one after the other. Each is atomic, so of N simultaneous
  applications that share a device the i-th ends at the i-th of their records. One call for many, because a call costs the
  client as much as what is in it (docs/decisions/0007).

  The entities themselves are read by an MGET right behind the call: Lua would copy every byte twice. The lengths of the
  reply say how much of each belongs to this decision; what follows came later.

  KEYS      for each decision: application, log, due, idempotency if there is one, then one to five entities (see begin_one)
  ARGV[1]   lease of a claim, ms
  ARGV[2]   unfolded bytes from which an entity is due for folding
  ARGV[3]   bytes above which an entity is not read and the decision not made
  ARGV[4..] for each decision five: number of its keys · number of its entities · fingerprint and decision id ·
            application.submitted as JSON · its packed record
  Reply     for each decision one of
            {length, ...}              claimed: the bytes of each entity up to and with the record of this application
            {'DECIDED', decision id}   the same application was decided before
            {'CONFLICT', decision id}  the application is known with another content
            {'KEY_CONFLICT'}           the idempotency key is known with another content
            {'PENDING'}                the same application is being decided
            {'BACKLOG'}                an entity is too long to read in time; nothing was written
  A repeat after a lost reply finds its own claim: it is answered PENDING until the lease ends.
]]
local function assay_begin(keys, args)
  local lease, due_bytes, max_bytes = args[1], tonumber(args[2]), tonumber(args[3])
  local replies = {}
  local at = 1
  for arg = 4, #args, 5 do
    local last = at + tonumber(args[arg]) - 1
    local entities = last - tonumber(args[arg + 1]) + 1
    replies[#replies + 1] = begin_one(
      keys, at, entities, last, args[arg + 2], args[arg + 3], args[arg + 4], lease, due_bytes, max_bytes)
    at = last + 1
  end
  return replies
end

--[[
  Makes decisions durable, each of them whole or not at all: the decision, the outcome of its application, the ledger entry,
  what it sets off and what it holds of the applicant's limit.

  KEYS      for each decision four to six: application (string) · decision (string: the answer, a line feed, the record) ·
            ledger of the partition (stream) · its outbox (stream) · idempotency (string) if the caller sent a key ·
            the applicant's exposure (string) if the decision holds something
  ARGV[1]   how long decisions and their idempotency are kept, ms
  ARGV[2..] for each decision nine: number of its keys · fingerprint and decision id, the fencing token · the decision id ·
            the decision's value · sha256 of it in hex · outbox entry as JSON, '' for none · what it holds, as
            hold_exposure takes it: hold, '' for nothing · alone · keep
  Reply     for each decision 1 committed, now or by an earlier try · 0 refused, the claim is no longer ours · the exposure as
            it is stored: more would be owed than the limit allows, nothing was written and the claim is still ours
]]
local function assay_commit(keys, args)
  local keep = args[1]
  local replies = {}
  local key = 1
  for arg = 2, #args, 9 do
    local count, mine, outbox, hold = tonumber(args[arg]), args[arg + 1], args[arg + 5], args[arg + 6]
    local current = redis.call('GET', keys[key])
    local has_key = count - (hold == '' and 0 or 1) == 5
    local exposed = hold ~= '' and current == 'C' .. mine and 
      hold_exposure(keys[key + count - 1], args[arg + 2], args[arg + 7], args[arg + 8], hold)
    if exposed then
      replies[#replies + 1] = exposed
    elseif current == 'C' .. mine then
      redis.call('SET', keys[key + 1], args[arg + 3], 'PX', keep)
      redis.call('SET', keys[key], 'D' .. mine, 'PX', keep)
      if has_key then redis.call('SET', keys[key + 4], string.sub(mine, 1, 64), 'PX', keep) end
      redis.call('XADD', keys[key + 2], '*', 'i', args[arg + 2], 'h', args[arg + 4])
      if outbox ~= '' then redis.call('XADD', keys[key + 3], '*', 'o', outbox) end
      replies[#replies + 1] = 1
    else
      replies[#replies + 1] = current == 'D' .. mine and 1 or 0
    end
    key = key + count
  end
  return replies
end

--[[
  Gives up a claim that led to no decision, so that a retry need not wait for the lease.
  KEYS[1]   string  application
  ARGV[1]   fingerprint and decision id
  Reply     1 released · 0 not ours
]]
local function assay_release(keys, args)
  if redis.call('GET', keys[1]) ~= 'C' .. args[1] then return 0 end
  redis.call('DEL', keys[1])
  return 1
end

redis.register_function('assay_begin', assay_begin)
redis.register_function('assay_commit', assay_commit)
redis.register_function('assay_release', assay_release)
