--[[
  Starts one decision: finds an earlier one, or claims the application, reads the behaviour of its entities and counts the
  application in each. Shared by the decisions of one assay_begin; not a function of its own.

  keys[at]         string  application: 'C' or 'D', fingerprint (64), decision id (36). C is a claim that expires, D is decided
  keys[at + 1]     string  idempotency: the fingerprint the caller's key stands for (the application again when there is none)
  keys[at + 2]     stream  log of the applicant's partition
  keys[at + 3 ...] string  each entity: its fold and the records appended since
]]
local function begin_one(keys, at, last, fingerprint, decision_id, event, record, lease, due_bytes, max_bytes)
  local has_key = keys[at + 1] ~= keys[at]
  if has_key then
    local known = redis.call('GET', keys[at + 1])
    if known and known ~= fingerprint then return { 'KEY_CONFLICT' } end
  end
  local current = redis.call('GET', keys[at])
  if current then
    if string.sub(current, 2, 65) ~= fingerprint then return { 'CONFLICT', string.sub(current, 66) } end
    if string.sub(current, 1, 1) ~= 'D' then return { 'PENDING' } end
    -- A key that came with a replay stands for this application too.
    if has_key then redis.call('SET', keys[at + 1], fingerprint, 'PX', math.max(1, redis.call('PTTL', keys[at]))) end
    return { 'DECIDED', string.sub(current, 66) }
  end
  local values = redis.call('MGET', unpack(keys, at + 3, last))
  if longest(values) > max_bytes then return { 'BACKLOG' } end
  redis.call('SET', keys[at], 'C' .. fingerprint .. decision_id, 'PX', lease)
  if has_key then redis.call('SET', keys[at + 1], fingerprint, 'PX', lease) end
  append_event(keys, at + 3, last, values, keys[at + 2], event, record, due_bytes)
  table.insert(values, 1, 'CLAIMED')
  return values
end

--[[
  Starts the decisions of one turn of the gateway's event loop, one after the other. Each is atomic, so of N simultaneous
  applications that share a device the i-th finds i - 1 before it. One call for many, because a call costs the client as
  much as what is in it (docs/decisions/0007).

  KEYS      for each decision: application, idempotency, log, then one to five entities (see begin_one)
  ARGV[1]   lease of a claim, ms
  ARGV[2]   unfolded bytes from which an entity is due for compaction
  ARGV[3]   bytes above which an entity is not read and the decision not made
  ARGV[4..] for each decision five: number of its keys · fingerprint of the application · decision id, which is also the
            fencing token of the claim · application.submitted as JSON · its packed record
  Reply     for each decision one of
            {'CLAIMED', entity, ...}     each entity before this application; false where it is new
            {'DECIDED', decision id}     the same application was decided before
            {'CONFLICT', decision id}    the application is known with another content
            {'KEY_CONFLICT'}             the idempotency key is known with another content
            {'PENDING'}                  the same application is being decided
            {'BACKLOG'}                  an entity is too long to read in time; nothing was written
  A repeat after a lost reply finds its own claim: it is answered PENDING until the lease ends.
]]
local function assay_begin(keys, args)
  local due_bytes, max_bytes = tonumber(args[2]), tonumber(args[3])
  local replies = {}
  local at = 1
  for arg = 4, #args, 5 do
    local last = at + tonumber(args[arg]) - 1
    replies[#replies + 1] = begin_one(
      keys, at, last, args[arg + 1], args[arg + 2], args[arg + 3], args[arg + 4], args[1], due_bytes, max_bytes)
    at = last + 1
  end
  return replies
end

--[[
  Makes decisions durable, each of them whole or not at all: the decision, the outcome of its application, the ledger entry
  and what it sets off.

  KEYS      for each decision five: application (string) · idempotency (string; the application again when there is none) ·
            decision (string: the answer, a line feed, the record) · ledger of the partition (stream) · its outbox (stream)
  ARGV[1]   how long decisions and their idempotency are kept, ms
  ARGV[2..] for each decision five: fingerprint · decision id, the fencing token · the decision's value · sha256 of it in hex ·
            outbox entry as JSON, '' for none
  Reply     for each decision 1 committed, now or by an earlier try · 0 refused, the claim is no longer ours
]]
local function assay_commit(keys, args)
  local keep = args[1]
  local replies = {}
  for number = 1, #keys / 5 do
    local key, arg = number * 5 - 4, number * 5 - 3
    local fingerprint, decision_id, value, digest, outbox = unpack(args, arg, arg + 4)
    local current = redis.call('GET', keys[key])
    local mine = fingerprint .. decision_id
    if current == 'C' .. mine then
      redis.call('SET', keys[key + 2], value, 'PX', keep)
      redis.call('SET', keys[key], 'D' .. mine, 'PX', keep)
      if keys[key + 1] ~= keys[key] then redis.call('SET', keys[key + 1], fingerprint, 'PX', keep) end
      redis.call('XADD', keys[key + 3], '*', 'i', decision_id, 'h', digest)
      if outbox ~= '' then redis.call('XADD', keys[key + 4], '*', 'o', outbox) end
      replies[number] = 1
    else
      replies[number] = current == 'D' .. mine and 1 or 0
    end
  end
  return replies
end

--[[
  Gives up a claim that led to no decision, so that a retry need not wait for the lease.
  KEYS[1]   string  application
  ARGV[1]   fingerprint
  ARGV[2]   decision id
  Reply     1 released · 0 not ours
]]
local function assay_release(keys, args)
  if redis.call('GET', keys[1]) ~= 'C' .. args[1] .. args[2] then return 0 end
  redis.call('DEL', keys[1])
  return 1
end

redis.register_function('assay_begin', assay_begin)
redis.register_function('assay_commit', assay_commit)
redis.register_function('assay_release', assay_release)
