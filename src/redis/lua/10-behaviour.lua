--[[
  Appends one event to each entity it concerns and to the log.
  Shared by assay_append and assay_begin; not a function of its own.

  keys[first ... last]  strings  the entities
  log, due              streams  log of the applicant's partition · its entities that are due for folding
  event, record         the event as JSON · its packed record
  due_bytes, max_bytes  unfolded bytes from which an entity is due · bytes above which it takes no more
  Returns the length of each entity with the record at its end, or nil when one was full: then nothing is written.

  Appends first and takes back when an entity was full, because it hardly ever is. A repeat appends again; folding ignores
  the second.
]]
local function append_event(keys, first, last, log, due, event, record, due_bytes, max_bytes)
  local lengths = {}
  local longest = 0
  for at = first, last do
    local length = redis.call('APPEND', keys[at], record)
    lengths[at - first + 1] = length
    if length > longest then longest = length end
  end
  if longest - #record > max_bytes then
    for at = first, last do
      local before = lengths[at - first + 1] - #record
      if before == 0 then
        redis.call('DEL', keys[at])
      else
        redis.call('SET', keys[at], redis.call('GETRANGE', keys[at], 0, before - 1), 'KEEPTTL')
      end
    end
    return nil
  end
  if longest >= due_bytes then
    local names
    for at = first, last do
      local length = lengths[at - first + 1]
      if length >= due_bytes then
        -- Bytes 2 to 4 of a folded entity say how many bytes the fold was; what follows is not folded yet. A record starts
        -- with its length, which no version of a fold reaches.
        local version, b, c, d = string.byte(redis.call('GETRANGE', keys[at], 0, 3), 1, 4)
        local folded = version < 18 and (b * 65536 + c * 256 + d) or 0
        if length - folded >= due_bytes then names = (names and names .. ' ' or '') .. keys[at] end
      end
    end
    if names then redis.call('XADD', due, '*', 'k', names) end
  end
  redis.call('XADD', log, '*', 'e', event)
  return lengths
end

--[[
  Acknowledges events: after the reply each is in the log and in front of every read.
  KEYS      for each event: log of the applicant's partition (stream) · its due entities (stream) · one to five entities
            (string: the fold and the records appended since)
  ARGV[1]   unfolded bytes from which an entity is due for folding
  ARGV[2]   bytes above which an entity takes no more
  ARGV[3..] for each event three: number of its entities · the event as JSON · its packed record
  Reply     for each event 1 appended · 0 refused, an entity is full and nothing of this event was written
]]
local function assay_append(keys, args)
  local due_bytes, max_bytes = tonumber(args[1]), tonumber(args[2])
  local replies = {}
  local at = 1
  for arg = 3, #args, 3 do
    local last = at + 1 + tonumber(args[arg])
    local appended = append_event(
      keys, at + 2, last, keys[at], keys[at + 1], args[arg + 1], args[arg + 2], due_bytes, max_bytes)
    replies[#replies + 1] = appended and 1 or 0
    at = last + 1
  end
  return replies
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
