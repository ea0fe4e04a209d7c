-- BENCH_MODE: get (the address given), think (the same, once a second for each connection), or
-- login: one login for the thread, since a script knows nothing of connections; then
-- market 3 : portfolio 1 with the token, each status looked at.
local mode = os.getenv("BENCH_MODE")
local threads = {}
bad = 0

function setup(thread) table.insert(threads, thread) end

if mode == "think" then
  function delay() return 1000 end
end

if mode == "login" then
  local token, market, portfolio, n = nil, nil, nil, 0

  function request()
    if not token then
      local json = {["Content-Type"] = "application/json"}
      return wrk.format("POST", "/api/auth/login", json, '{"username":"u","password":"p"}')
    end
    n = n + 1
    return n % 4 == 0 and portfolio or market
  end

  function response(status, headers, body)
    if status ~= 200 then bad = bad + 1 end
    if not token then
      token = body:match('"token"%s*:%s*"([^"]+)"')
      local bearer = {["Authorization"] = "Bearer " .. token}
      market = wrk.format("GET", "/api/market-data", bearer)
      portfolio = wrk.format("GET", "/api/portfolio", bearer)
    end
  end
end

function done(summary, latency)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.timeout
  if mode == "login" then
    for _, thread in ipairs(threads) do errors = errors + thread:get("bad") end
  else
    errors = errors + e.status
  end
  io.write(string.format(
    'STATS {"requests":%d,"errors":%d,"p50":%.3f,"p95":%.3f,"p99":%.3f,"max":%.3f}\n',
    summary.requests, errors, latency:percentile(50) / 1000, latency:percentile(95) / 1000,
    latency:percentile(99) / 1000, latency.max / 1000))
end
