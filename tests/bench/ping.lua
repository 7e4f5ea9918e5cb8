-- Agents of many installations, each of which sends its whole state again and again.
local installations, days, key = tonumber(os.getenv("INSTALLATIONS")), tonumber(os.getenv("DAYS")), os.getenv("KEY")
local headers = {["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. (key or "none")}
local ping = '{"installation_id":"9a1f1c1e-7b7e-4ff1-9ac5-%012x","counter":"8b1f1c1e-7b7e-4ff1-9ac5-%012x"'
  .. ',"seq":%d,"sent_at":"%s","consent":"full","test":false,"version":"2.1.0","channel":"stable"'
  .. ',"edition":"trial","source":"download.example","os":"windows-11","arch":"x86_64"'
  .. ',"locale":"ru-RU","agent":"1.0.0","origin":"new","installed_at":"2026-09-01T10:00:00Z"'
  .. ',"installed_version":"2.0.0","counted_since":"2026-09-01T10:00:00Z","launches_total":%d'
  .. ',"first_launch_day":"2026-09-01","last_launch_day":"2026-11-22","days":[%s]'
  .. ',"milestones":{"first-export":"2026-09-03"},"customer":null,"attributes":{"plan":"pro"}}'
local today = '{"day":"2026-11-22","version":"2.1.0","launches":%d}'
local before = {}
for day = 2, days do
  before[day - 1] = string.format('{"day":"2026-10-%02d","version":"2.0.%d","launches":%d}', day, day % 3, day % 7)
end
local rest = days > 1 and "," .. table.concat(before, ",") or ""
-- What happened before this run had lower numbers: a later message always says something new.
local seq, now, asked = os.time() * 1000000, "", 0

math.randomseed(os.time())

function request()
  seq, asked = seq + 1, asked + 1
  if asked % 100 == 1 then now = os.date("!%Y-%m-%dT%H:%M:%SZ") end
  local who = math.random(installations)
  local launches = string.format(today, asked % 10000)
  return wrk.format("POST", nil, headers, string.format(ping, who, who, seq, now, asked, launches .. rest))
end
