--[[
  Replaces how an applicant stands, unless somebody else did since it was read.
  KEYS[1]   string  standing
  ARGV[1]   as it was read, '' for none
  ARGV[2]   as it is to be, '' for none
  ARGV[3]   how long it is kept, ms
  Reply     1 replaced · 0 it is another by now
]]
local function assay_standing(keys, args)
  if (redis.call('GET', keys[1]) or '') ~= args[1] then return 0 end
  if args[2] == '' then
    redis.call('DEL', keys[1])
  else
    redis.call('SET', keys[1], args[2], 'PX', args[3])
  end
  return 1
end

redis.register_function('assay_standing', assay_standing)
