--[[
  Takes an entry that cannot become an event out of the inbox and puts a letter about it where people look: both or neither.
  KEYS[1]   stream  inbox
  KEYS[2]   stream  dead letters
  ARGV[1]   consumer group of the inbox
  ARGV[2]   id of the entry in the inbox
  ARGV[3]   the letter as JSON
  ARGV[4]   most letters that are kept; above it the oldest go
  Reply     {1 buried, letters that went} · {0 refused, 0}: somebody else has handled the entry, nothing was written
  A repeat after a lost reply is refused, so an entry has one letter.
]]
local function assay_bury(keys, args)
  if redis.call('XDEL', keys[1], args[2]) == 0 then return { 0, 0 } end
  redis.call('XACK', keys[1], args[1], args[2])
  redis.call('XADD', keys[2], '*', 'l', args[3])
  return { 1, redis.call('XTRIM', keys[2], 'MAXLEN', '=', args[4]) }
end

--[[
  Puts a corrected dead letter in the place of the one it was made from. Entries of a stream do not change, so it is a new
  entry at the end.
  KEYS[1]   stream  dead letters
  ARGV[1]   id of the letter
  ARGV[2]   the corrected letter as JSON
  Reply     id of the corrected letter · false, the letter is no longer there and nothing was written
]]
local function assay_refile(keys, args)
  if redis.call('XDEL', keys[1], args[1]) == 0 then return false end
  return redis.call('XADD', keys[1], '*', 'l', args[2])
end

redis.register_function('assay_bury', assay_bury)
redis.register_function('assay_refile', assay_refile)
