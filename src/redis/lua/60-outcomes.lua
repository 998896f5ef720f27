--[[
  Counts a decision in the calibration of its model, or takes it out again. Not a function of its own.

  note    'g' or 'b'
  sign    '' to add, '-' to take away
]]
local function count_outcome(calibration, model, note, bin, pd, sign)
  redis.call('HINCRBY', calibration, model .. ' ' .. note .. bin, sign .. '1')
  if note == 'b' then redis.call('HINCRBY', calibration, model .. ' pb', sign .. pd) end
end

--[[
  Notes what became of decisions and counts each once in the calibration of its model: both or neither. Of two that differ
  the one observed later counts, in whatever order they come; of two observed at the same time the first that came.

  KEYS      for each decision two: its outcome (string: 'g' good or 'b' bad, when it was observed in ms, a space, the source) ·
            calibration of its partition (hash, all numbers integers, P in billionths)
              '<model> g<bin>' good ones · '<model> b<bin>' bad ones · '<model> e<bin>' sum of P · '<model> pb' sum of P of
              bad ones · '<model> pp' sum of the squares of P
  ARGV[1]   how long an outcome is remembered, ms
  ARGV[2..] for each decision seven: 'g' or 'b' · when it was observed, ms · source, '' for none · model, '' for none, which
            is remembered but not counted · bin of its probability · P, its probability in billionths · P squared
  Reply     for each decision 1 counted · 2 repeated, known already · 3 replaced, an earlier one counted otherwise ·
            4 conflict, it differs from one observed at the same time or later, which stays
  A repeat after a lost reply is answered 2: nothing is counted twice.
]]
local function assay_outcome(keys, args)
  local keep = args[1]
  local replies = {}
  local key = 1
  for arg = 2, #args, 7 do
    local note, at, model, bin, pd = args[arg], args[arg + 1], args[arg + 3], args[arg + 4], args[arg + 5]
    local outcome, calibration = keys[key], keys[key + 1]
    local known = redis.call('GET', outcome)
    local known_at = known and tonumber(string.match(known, '^.(%d+)'))
    local newer = not known or tonumber(at) > known_at
    if newer then redis.call('SET', outcome, note .. at .. ' ' .. args[arg + 2], 'PX', keep) end
    if not known then
      if model ~= '' then
        count_outcome(calibration, model, note, bin, pd, '')
        redis.call('HINCRBY', calibration, model .. ' e' .. bin, pd)
        redis.call('HINCRBY', calibration, model .. ' pp', args[arg + 6])
      end
      replies[#replies + 1] = 1
    elseif string.sub(known, 1, 1) == note then
      replies[#replies + 1] = 2
    elseif newer then
      if model ~= '' then
        count_outcome(calibration, model, string.sub(known, 1, 1), bin, pd, '-')
        count_outcome(calibration, model, note, bin, pd, '')
      end
      replies[#replies + 1] = 3
    else
      replies[#replies + 1] = 4
    end
    key = key + 2
  end
  return replies
end

redis.register_function('assay_outcome', assay_outcome)
