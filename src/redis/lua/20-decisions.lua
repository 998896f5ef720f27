--[[
  Starts one decision: finds an earlier one, or claims the application, reads the behaviour of its entities and counts the
  application in each. Atomic, so of N simultaneous applications that share a device the i-th finds i - 1 before it.

  KEYS[1]   string  application: 'C' or 'D', fingerprint (64), decision id (36). C is a claim that expires, D is decided
  KEYS[2]   string  idempotency: the fingerprint the caller's key stands for (KEYS[1] again when there is no key)
  KEYS[3]   stream  log of the applicant's partition
  KEYS[4..] string  each entity: its fold and the records appended since
  ARGV[1]   fingerprint of the application
  ARGV[2]   decision id, which is also the fencing token of the claim
  ARGV[3]   lease of the claim, ms
  ARGV[4]   application.submitted as JSON
  ARGV[5]   its packed record
  ARGV[6]   unfolded bytes from which an entity is due for compaction
  ARGV[7]   bytes above which an entity is not read and the decision not made
  Reply     {'CLAIMED', entity, ...}     each entity before this application; false where it is new
            {'DECIDED', decision id}     the same application was decided before
            {'CONFLICT', decision id}    the application is known with another content
            {'KEY_CONFLICT'}             the idempotency key is known with another content
            {'PENDING'}                  the same application is being decided
            {'BACKLOG'}                  an entity is too long to read in time; nothing was written
  A repeat after a lost reply finds its own claim: it is answered PENDING until the lease ends.
]]
local function assay_begin(keys, args)
  local fingerprint = args[1]
  local has_key = keys[2] ~= keys[1]
  if has_key then
    local known = redis.call('GET', keys[2])
    if known and known ~= fingerprint then return { 'KEY_CONFLICT' } end
  end
  local current = redis.call('GET', keys[1])
  if current then
    if string.sub(current, 2, 65) ~= fingerprint then return { 'CONFLICT', string.sub(current, 66) } end
    if string.sub(current, 1, 1) == 'D' then return { 'DECIDED', string.sub(current, 66) } end
    return { 'PENDING' }
  end
  local values = redis.call('MGET', unpack(keys, 4))
  if longest(values) > tonumber(args[7]) then return { 'BACKLOG' } end
  redis.call('SET', keys[1], 'C' .. fingerprint .. args[2], 'PX', args[3])
  if has_key then redis.call('SET', keys[2], fingerprint, 'PX', args[3]) end
  append_event(keys, 4, #keys, values, keys[3], args[4], args[5], tonumber(args[6]))
  table.insert(values, 1, 'CLAIMED')
  return values
end

--[[
  Makes one decision durable: the decision, the outcome of its application, the ledger entry and what it sets off, all or
  nothing.

  KEYS[1]   string  application
  KEYS[2]   string  idempotency (KEYS[1] again when there is none)
  KEYS[3]   string  decision: the answer, a line feed, the record
  KEYS[4]   stream  ledger of the partition
  KEYS[5]   stream  outbox of the partition
  ARGV[1]   fingerprint
  ARGV[2]   decision id, the fencing token
  ARGV[3]   the decision's value
  ARGV[4]   sha256 of it, hex
  ARGV[5]   outbox entry as JSON, '' for none
  ARGV[6]   how long decisions and their idempotency are kept, ms
  Reply     1 committed, now or by an earlier try · 0 refused, the claim is no longer ours
]]
local function assay_commit(keys, args)
  local current = redis.call('GET', keys[1])
  local mine = args[1] .. args[2]
  if current == 'D' .. mine then return 1 end
  if current ~= 'C' .. mine then return 0 end
  redis.call('SET', keys[3], args[3], 'PX', args[6])
  redis.call('SET', keys[1], 'D' .. mine, 'PX', args[6])
  if keys[2] ~= keys[1] then redis.call('SET', keys[2], args[1], 'PX', args[6]) end
  redis.call('XADD', keys[4], '*', 'i', args[2], 'h', args[4])
  if args[5] ~= '' then redis.call('XADD', keys[5], '*', 'o', args[5]) end
  return 1
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
