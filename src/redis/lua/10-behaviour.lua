--[[
  Appends one event to the log and to the tail of each entity it concerns.
  Shared by assay_append and assay_begin; not a function of its own.

  keys[at]            stream  log of the applicant's partition
  keys[at + 1 ...]    pairs   profile and tail of each entity (strings)
  args: the event as JSON, its packed record, the number of bytes from which a tail is due for compaction

  The tails come first: the log entry then names the ones that are due, so the ingest worker needs no state.
  Nothing is checked here that could fail halfway. A repeat appends again; folding ignores the second.
]]
local function append_event(keys, at, last, event, record, due_bytes)
  local due = {}
  for tail = at + 2, last, 2 do
    if redis.call('APPEND', keys[tail], record) >= due_bytes then
      due[#due + 1] = keys[tail - 1]
      due[#due + 1] = keys[tail]
    end
  end
  if #due == 0 then
    redis.call('XADD', keys[at], '*', 'e', event)
  else
    redis.call('XADD', keys[at], '*', 'e', event, 'd', table.concat(due, ' '))
  end
end

--[[
  Acknowledges one event: after the reply it is in the log and in front of every read.
  KEYS[1]   stream  log of the applicant's partition
  KEYS[2..] pairs   profile and tail of each entity
  ARGV[1]   the event as JSON
  ARGV[2]   the packed record
  ARGV[3]   bytes from which a tail is due for compaction
  ARGV[4]   bytes above which a tail takes no more
  Reply     1 appended · 0 refused, a tail is full and nothing was written
]]
local function assay_append(keys, args)
  for tail = 3, #keys, 2 do
    if redis.call('STRLEN', keys[tail]) > tonumber(args[4]) then return 0 end
  end
  append_event(keys, 1, #keys, args[1], args[2], tonumber(args[3]))
  return 1
end

--[[
  Puts a folded profile in place and cuts the part of the tail that it contains.
  KEYS[1]   string  profile
  KEYS[2]   string  tail
  ARGV[1]   sha1 in hex of the profile that was folded from, of '' when there was none
  ARGV[2]   the new profile
  ARGV[3]   how many bytes of the tail the new profile contains
  ARGV[4]   sha1 in hex of those bytes: a tail of duplicates leaves the profile as it was, so the profile alone is no proof
  Reply     1 replaced · 0 refused, somebody else compacted first
]]
local function assay_compact(keys, args)
  local current = redis.call('GET', keys[1]) or ''
  if redis.sha1hex(current) ~= args[1] then return 0 end
  local folded = tonumber(args[3])
  local tail = redis.call('GET', keys[2]) or ''
  if #tail < folded or redis.sha1hex(string.sub(tail, 1, folded)) ~= args[4] then return 0 end
  redis.call('SET', keys[1], args[2])
  if #tail == folded then
    redis.call('DEL', keys[2])
  else
    redis.call('SET', keys[2], string.sub(tail, folded + 1))
  end
  return 1
end

redis.register_function('assay_append', assay_append)
redis.register_function('assay_compact', assay_compact)
