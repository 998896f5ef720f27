--[[
  Whether an event came too late for an entity: older ones are kept as tiles without ids (docs/decisions/0008), so it could not be
  told from a repeat. Bytes 5 to 10 of a fold are the time up to which that is so, all ones when no event is in a tile.
]]
-- Tiles come behind 512 whole events of seven bytes or more. Only an erasure makes a fold with tiles shorter, and then only an
-- event of a while ago can be older than they are.
local TILES_FROM_BYTES = 3584
local function is_closed(key, at_ms)
  local version, _, _, _, a, b, c, d, e, f = string.byte(redis.call('GETRANGE', key, 0, 9), 1, 10)
  if not f or version >= 18 then return false end
  local until_ms = ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
  return until_ms < 281474976710655 and at_ms <= until_ms
end

-- Takes back what was just appended: an append that must not stand is far rarer than one that must.
local function take_back(key, before)
  if before == 0 then
    redis.call('DEL', key)
  else
    redis.call('SET', key, redis.call('GETRANGE', key, 0, before - 1), 'KEEPTTL')
  end
end

--[[
  Appends one event to each entity it concerns and to the log.
  Shared by assay_append and assay_begin; not a function of its own.

  keys[first ... last]  strings  the entities
  log, due              streams  log of the applicant's partition · its entities that are due for folding
  event, record         the event as JSON · its packed record
  due_bytes, max_bytes  unfolded bytes from which an entity is due · bytes above which it takes no more
  at_ms, is_late        event time, or nil for what happens now · whether that is a while ago
  Returns the length of each entity with the record at its end, or nil when one was full: then nothing is written. Second, the
  number of the entities that were closed for this time, as bits, the first entity the lowest: the event is in the log and
  in the others.

  A repeat appends again; folding ignores the second.
]]
local function append_event(keys, first, last, log, due, event, record, due_bytes, max_bytes, at_ms, is_late)
  local lengths = {}
  local longest = 0
  for at = first, last do
    local length = redis.call('APPEND', keys[at], record)
    lengths[at - first + 1] = length
    if length > longest then longest = length end
  end
  if longest - #record > max_bytes then
    for at = first, last do take_back(keys[at], lengths[at - first + 1] - #record) end
    return nil
  end
  local closed = 0
  if at_ms and (is_late or longest >= TILES_FROM_BYTES) then
    for at = first, last do
      local length = lengths[at - first + 1]
      if (is_late or length >= TILES_FROM_BYTES) and is_closed(keys[at], at_ms) then
        take_back(keys[at], length - #record)
        lengths[at - first + 1] = length - #record
        closed = closed + 2 ^ (at - first)
      end
    end
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
  return lengths, closed
end

--[[
  Acknowledges events: after the reply each is in the log and in front of every read.
  KEYS      for each event: log of the applicant's partition (stream) · its due entities (stream) · one to five entities
            (string: the fold and the records appended since) · the applicant's exposure (string) if the event changes it ·
            four of its loan if the loan book notes it, see add_loan_event
  ARGV[1]   unfolded bytes from which an entity is due for folding
  ARGV[2]   bytes above which an entity takes no more
  ARGV[3]   event time before which an event is late, ms
  ARGV[4..] for each event six: number of its entities · event time, ms · the event as JSON · its packed record · what it
            changes of the exposure, '' for nothing · what the loan book notes of it, '' for nothing
  Reply     for each event 0 refused, an entity or its loan is full and nothing of this event was written · else 1 appended, plus 2 for
            its first entity, 4 for the second and so on when that entity was closed for this time and did not take it
]]
local function assay_append(keys, args)
  local due_bytes, max_bytes, late_before = tonumber(args[1]), tonumber(args[2]), tonumber(args[3])
  local replies = {}
  local at = 1
  for arg = 4, #args, 6 do
    local last = at + 1 + tonumber(args[arg])
    local at_ms = tonumber(args[arg + 1])
    local change, note = args[arg + 4], args[arg + 5]
    local loan = last + (change == '' and 1 or 2)
    local appended, closed
    if note == '' or takes_loan_event(keys[loan], note) then
      appended, closed = append_event(
        keys, at + 2, last, keys[at], keys[at + 1], args[arg + 2], args[arg + 3], due_bytes, max_bytes, at_ms,
        at_ms < late_before)
    end
    replies[#replies + 1] = appended and 1 + 2 * closed or 0
    if appended and change ~= '' then change_exposure(keys[last + 1], change) end
    if appended and note ~= '' then add_loan_event(keys, loan, note) end
    at = note == '' and loan or loan + 4
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
