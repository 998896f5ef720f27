--[[
  What an applicant owes or has been offered: one string of JSON an applicant, absent for nothing. Objects only, since an
  empty list and an empty object are the same to cjson. Its schema and what it means are in src/domain/exposure.ts.

  r  decision id -> { amount, currency, until when it is held in ms, application id, repayable in total }
  l  loan id     -> { paid out, repayable or -1, repaid principal, repaid, repaid of which the principal is not told,
                      currency or '', ids of the events, 12 hex digits each }
  c  loan id     -> when it was closed, ms: the newest 32, so that an event that comes late does not open it again
  f  1 once something did not fit: what is owed is then not known
]]
local EXPOSURE_BYTES = 16384
local EXPOSURE_ENTRIES = 64
local EXPOSURE_CLOSED = 32
local DAY_MS = 86400000
-- A gateway whose clock is behind still sees for a day what ended for others.
local EXPOSURE_KEPT_MS = DAY_MS
local EXPOSURE_CLOSED_KEPT_MS = 400 * DAY_MS

-- The exposure as a table, or nil when it is not JSON.
local function read_exposure(raw)
  if not raw then return {} end
  local is_json, exposure = pcall(cjson.decode, raw)
  return is_json and type(exposure) == 'table' and exposure or nil
end

local function floor_zero(amount) return amount > 0 and amount or 0 end

-- Both are upper bounds of the principal that is left: paid out less repaid principal, and what is still to pay in total.
local function balance_of(loan)
  local paid_out, repayable, principal, repaid, untold = loan[1], loan[2], loan[3], loan[4], loan[5]
  if repayable < 0 then return floor_zero(paid_out - floor_zero(principal + untold)) end
  return floor_zero(math.min(paid_out - floor_zero(principal), repayable - floor_zero(repaid)))
end

-- What is owed or held in a currency at a time, and by how many entries. A loan of no known currency counts in each.
local function owed_minor(exposure, currency, now)
  local sum, entries = 0, 0
  for _, held in pairs(exposure.r or {}) do
    if held[3] > now then
      entries = entries + 1
      if held[2] == currency then sum = sum + held[1] end
    end
  end
  for _, loan in pairs(exposure.l or {}) do
    entries = entries + 1
    if loan[6] == currency or loan[6] == '' then sum = sum + balance_of(loan) end
  end
  return sum, entries
end

--[[
  Holds what an approval offers, unless more would then be owed than its limit. Not a function of its own.

  alone    the exposure when there is nothing else, which is most often; the offer itself is within the limit
  keep     how long that is kept, ms
  hold     seven words: time of the decision, ms · until when it is held, ms · amount · repayable in total · the limit
           before anything owed was taken off · currency · application id
  Returns nil when it is held · else the exposure as it is stored, and nothing was written
]]
local function hold_exposure(key, decision_id, alone, keep, hold)
  local raw = redis.call('SET', key, alone, 'NX', 'GET', 'PX', keep)
  if not raw then return nil end
  local now, till, amount, repayable, ceiling, currency, application =
    string.match(hold, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%u+) (%S+)$')
  now, till, amount = tonumber(now), tonumber(till), tonumber(amount)
  local exposure = read_exposure(raw)
  if not exposure or exposure.f then return raw end
  local owed, entries = owed_minor(exposure, currency, now)
  if owed + amount > tonumber(ceiling) or entries >= EXPOSURE_ENTRIES then return raw end
  local last, holds = till, {}
  for id, held in pairs(exposure.r or {}) do
    if held[3] + EXPOSURE_KEPT_MS > now then
      holds[id] = held
      last = math.max(last, held[3])
    end
  end
  holds[decision_id] = { amount, currency, till, application, tonumber(repayable) }
  exposure.r = holds
  local value = cjson.encode(exposure)
  if #value > EXPOSURE_BYTES then return raw end
  if exposure.l and next(exposure.l) then
    redis.call('SET', key, value)
  else
    keep = math.max(1, last - now) + EXPOSURE_KEPT_MS
    if exposure.c and next(exposure.c) then keep = math.max(keep, EXPOSURE_CLOSED_KEPT_MS) end
    redis.call('SET', key, value, 'PX', keep)
  end
  return nil
end

-- The loan, made when there is none; nil when it is closed or the event has counted already.
local function open_loan(exposure, loan_id, event_id)
  if exposure.c and exposure.c[loan_id] then return nil end
  exposure.l = exposure.l or {}
  local loan = exposure.l[loan_id] or { 0, 0, 0, 0, 0, '', '' }
  if string.find(loan[7], event_id, 1, true) then return nil end
  exposure.l[loan_id] = loan
  loan[7] = loan[7] == '' and event_id or loan[7] .. ' ' .. event_id
  return loan
end

local changes = {}

-- Paid out: event id, loan, principal or -1, repayable or -1, currency or -, decision id or -.
function changes.D(exposure, event_id, loan_id, principal, repayable, currency, decision_id)
  local held = exposure.r and exposure.r[decision_id]
  if held then exposure.r[decision_id] = nil end
  local loan = open_loan(exposure, loan_id, event_id)
  if not loan then return held ~= nil, true end
  principal, repayable = tonumber(principal), tonumber(repayable)
  if principal < 0 then principal = held and held[1] or 0 end
  if repayable < 0 and held then repayable = math.ceil(held[5] * principal / held[1]) end
  loan[1] = loan[1] + principal
  loan[2] = (repayable < 0 or loan[2] < 0) and -1 or loan[2] + repayable
  if currency == '-' then currency = held and held[2] or '' end
  if loan[6] == '' then loan[6] = currency end
  return true, true
end

-- Repaid: event id, loan, amount, principal part or -1.
function changes.P(exposure, event_id, loan_id, amount, principal)
  local loan = open_loan(exposure, loan_id, event_id)
  if not loan then return false end
  amount, principal = tonumber(amount), tonumber(principal)
  loan[4] = loan[4] + amount
  if principal < 0 then loan[5] = loan[5] + amount else loan[3] = loan[3] + principal end
  return true
end

-- Taken back by the payer's bank: event id, loan, amount.
function changes.R(exposure, event_id, loan_id, amount)
  local loan = open_loan(exposure, loan_id, event_id)
  if not loan then return false end
  loan[3] = loan[3] - tonumber(amount)
  loan[4] = loan[4] - tonumber(amount)
  return true, true
end

-- Restructured: event id, loan, what is to be paid from now on. In whatever order payments come, no more is to be paid in all.
function changes.S(exposure, event_id, loan_id, repayable)
  local loan = open_loan(exposure, loan_id, event_id)
  if not loan then return false end
  if loan[2] >= 0 then loan[2] = loan[2] + tonumber(repayable) end
  return true, true
end

-- Closed or written off: loan, when.
function changes.C(exposure, loan_id, at)
  exposure.c = exposure.c or {}
  if exposure.l then exposure.l[loan_id] = nil end
  exposure.c[loan_id] = math.max(exposure.c[loan_id] or 0, tonumber(at))
  local count, oldest = 0, nil
  for id, closed_at in pairs(exposure.c) do
    count = count + 1
    local known = oldest and exposure.c[oldest]
    if not known or closed_at < known or (closed_at == known and id < oldest) then oldest = id end
  end
  if count > EXPOSURE_CLOSED then exposure.c[oldest] = nil end
  return true
end

-- Withdrawn by the borrower: application, and the decision whose offers end, or - for all of the application. A decision that
-- took the place of the one named holds on.
function changes.W(exposure, application, decision_id)
  local changed = false
  for id, held in pairs(exposure.r or {}) do
    if id == decision_id or (decision_id == '-' and held[4] == application) then
      exposure.r[id] = nil
      changed = true
    end
  end
  return changed
end

--[[
  What an event changes of what is owed. Not a function of its own. In doubt more is owed: what does not fit lowers nothing,
  and what would raise it marks the whole as not known.

  change   a letter and its words, see above (made by src/domain/exposure-change.ts)
]]
local function change_exposure(key, change)
  local raw = redis.call('GET', key)
  local exposure = read_exposure(raw)
  if not exposure then return end
  local words = {}
  for word in string.gmatch(change, '%S+') do words[#words + 1] = word end
  local changed, raises = changes[words[1]](exposure, unpack(words, 2))
  if not changed then return end
  local has_loans = exposure.l and next(exposure.l)
  local has_closed = exposure.c and next(exposure.c)
  if not has_loans and not has_closed and not exposure.f and not (exposure.r and next(exposure.r)) then
    redis.call('DEL', key)
    return
  end
  local value = cjson.encode(exposure)
  if #value > EXPOSURE_BYTES and #value > #(raw or '') then
    if not raises then return end
    exposure = read_exposure(raw)
    exposure.f = 1
    redis.call('SET', key, cjson.encode(exposure))
  elseif has_loans or exposure.f then
    redis.call('SET', key, value)
  elseif has_closed then
    redis.call('SET', key, value, 'PX', EXPOSURE_CLOSED_KEPT_MS)
  else
    redis.call('SET', key, value, 'KEEPTTL')
  end
end
