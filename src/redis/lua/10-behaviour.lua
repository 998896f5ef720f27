--[[
  Appends one event to the log and to each entity it concerns.
  Shared by assay_append and assay_begin; not a function of its own.

  keys[first ... last]  strings  the entities
  lengths[i]            bytes that entity first + i - 1 holds now
  log                   stream   log of the applicant's partition
  args: the event as JSON, its packed record, the number of unfolded bytes from which an entity is due for compaction

  The log entry names the entities that are due, so the ingest worker needs no state. Nothing is checked here that could
  fail halfway. A repeat appends again; folding ignores the second.
]]
local function append_event(keys, first, last, values, log, event, record, due_bytes)
  local due
  for at = first, last do
    redis.call('APPEND', keys[at], record)
    local value = values[at - first + 1]
    if value and #value + #record >= due_bytes then
      -- Bytes 2 to 4 of a folded entity say how many bytes the fold was; what follows is not folded yet.
      local a, b, c, d = string.byte(value, 1, 4)
      local folded = a == 1 and (b * 65536 + c * 256 + d) or 0
      if #value + #record - folded >= due_bytes then due = (due and due .. ' ' or '') .. keys[at] end
    end
  end
  if due then
    redis.call('XADD', log, '*', 'e', event, 'd', due)
  else
    redis.call('XADD', log, '*', 'e', event)
  end
end

local function longest(values)
  local most = 0
  for at = 1, #values do
    local value = values[at]
    if value and #value > most then most = #value end
  end
  return most
end

--[[
  Acknowledges one event: after the reply it is in the log and in front of every read.
  KEYS[1]   stream  log of the applicant's partition
  KEYS[2..] string  each entity: its fold and the records appended since
  ARGV[1]   the event as JSON
  ARGV[2]   the packed record
  ARGV[3]   unfolded bytes from which an entity is due for compaction
  ARGV[4]   bytes above which an entity takes no more
  Reply     1 appended · 0 refused, an entity is full and nothing was written
]]
local function assay_append(keys, args)
  local values = redis.call('MGET', unpack(keys, 2))
  if longest(values) > tonumber(args[4]) then return 0 end
  append_event(keys, 2, #keys, values, keys[1], args[1], args[2], tonumber(args[3]))
  return 1
end

--[[
  Puts the fold of an entity in the place of the bytes it was made of; what was appended meanwhile stays behind it.
  KEYS[1]   string  entity
  ARGV[1]   how many bytes were folded
  ARGV[2]   sha1 of those bytes, hex
  ARGV[3]   the fold
  Reply     1 replaced · 0 refused, somebody else folded first
]]
local function assay_compact(keys, args)
  local current = redis.call('GET', keys[1]) or ''
  local folded = tonumber(args[1])
  if #current < folded or redis.sha1hex(string.sub(current, 1, folded)) ~= args[2] then return 0 end
  redis.call('SET', keys[1], args[3] .. string.sub(current, folded + 1), 'KEEPTTL')
  return 1
end

redis.register_function('assay_append', assay_append)
redis.register_function('assay_compact', assay_compact)
