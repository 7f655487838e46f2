-- wrk sends sixteen requests together, and then awaits all answers, as `load --workload pipeline` does.
local together

function init()
   local one = wrk.format("GET", "/plain")
   together = string.rep(one, 16)
end

function request()
   return together
end
