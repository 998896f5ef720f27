--[[
  Removes an entity if it is still what was read. An event appended meanwhile changes its bytes, so it is never lost.
  KEYS[1]   string  entity
  ARGV[1]   how many bytes were read
  ARGV[2]   sha1 of those bytes, hex
  Reply     1 removed · 0 refused: it has changed, or is gone
  A repeat after a lost reply finds nothing and is answered 0.
]]
local function assay_forget(keys, args)
  if redis.call('STRLEN', keys[1]) ~= tonumber(args[1]) then return 0 end
  if redis.sha1hex(redis.call('GET', keys[1]) or '') ~= args[2] then return 0 end
  return redis.call('DEL', keys[1])
end

redis.register_function('assay_forget', assay_forget)
