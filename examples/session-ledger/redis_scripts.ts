// SPDX-License-Identifier: MIT
/**
 * What Redis does in one step, in its own Lua. All keys begin with `{PREFIX}:`, and so are in one slot of a cluster.
 *
 * | key            | what                                                                        |
 * | -------------- | --------------------------------------------------------------------------- |
 * | `open`         | hash: id to session, as JSON                                                |
 * | `scope:SCOPE`  | hash: id to host, of the sessions that count against it                     |
 * | `host:HOST`    | set of the ids of the sessions on a host                                    |
 * | `hosts`        | hash: host to when it counts as gone, in ms of Redis's own clock, 0 for never |
 * | `ended`        | stream of the sessions that have ended                                      |
 *
 * Sessions of a host that is gone are kept, and do not count: when it comes back, they count again.
 *
 * @module
 */

const COMMON = `
local function key(name) return KEYS[1] .. ':' .. name end
local request = cjson.decode(ARGV[1])

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function renew()
  local until_ms = 0
  if request.gone > 0 then until_ms = now() + request.gone end
  redis.call('HSET', key('hosts'), request.host, string.format('%.0f', until_ms))
end

local function finish(id, how, at)
  local text = redis.call('HGET', key('open'), id)
  if not text then return false end
  local session = cjson.decode(text)
  if how == 'reaped' and session.host ~= request.host then return false end
  redis.call('HDEL', key('open'), id)
  redis.call('SREM', key('host:' .. session.host), id)
  for _, scope in ipairs(session.scopes) do redis.call('HDEL', key('scope:' .. scope), id) end
  redis.call('XADD', key('ended'), 'MAXLEN', '~', request.history, '*', 'session', text, 'ended', at, 'how', how)
  return text
end

local function texts(ids)
  local found = {}
  for i = 1, #ids, 500 do
    local part = redis.call('HMGET', key('open'), unpack(ids, i, math.min(i + 499, #ids)))
    for _, text in ipairs(part) do if text then found[#found + 1] = text end end
  end
  return found
end
`;

/** Renews what the host has in `hosts`. */
export const RENEW = `${COMMON}
renew()
return 'OK'
`;

/** Gives the sessions of the host that count against scopes, and some others, as JSON. */
export const CANDIDATES = `${COMMON}
local ids, seen = {}, {}
for _, scope in ipairs(request.scopes) do
  local pairs_of = redis.call('HGETALL', key('scope:' .. scope))
  for i = 1, #pairs_of, 2 do
    local id, host = pairs_of[i], pairs_of[i + 1]
    if host == request.host and not seen[id] and #ids < request.max then
      seen[id] = true
      ids[#ids + 1] = id
    end
  end
end
for _, id in ipairs(redis.call('SRANDMEMBER', key('host:' .. request.host), request.others)) do
  if not seen[id] then ids[#ids + 1] = id end
end
return texts(ids)
`;

/**
 * Ends what is dead, counts, and records a session. ARGV[2] is the session as it is to be kept. Gives the ids that were
 * reaped, behind an empty text, or behind the scope whose limit is reached and the number of its sessions.
 */
export const ADMIT = `${COMMON}
renew()
local session = cjson.decode(ARGV[2])
local reply = { '', 0 }
for _, id in ipairs(request.dead) do
  if finish(id, 'reaped', request.at) then reply[#reply + 1] = id end
end
if redis.call('HEXISTS', key('open'), session.id) == 1 then return reply end
local hosts, time = {}, now()
local function counts(host)
  if hosts[host] == nil then
    local until_ms = tonumber(redis.call('HGET', key('hosts'), host) or 0)
    hosts[host] = until_ms == 0 or until_ms > time
  end
  return hosts[host]
end
for _, limit in ipairs(request.limits) do
  local open = 0
  for _, host in ipairs(redis.call('HVALS', key('scope:' .. limit.scope))) do
    if counts(host) then open = open + 1 end
  end
  if open >= limit.max then
    reply[1], reply[2] = limit.scope, open
    return reply
  end
end
redis.call('HSET', key('open'), session.id, ARGV[2])
redis.call('SADD', key('host:' .. session.host), session.id)
for _, scope in ipairs(session.scopes) do
  redis.call('HSET', key('scope:' .. scope), session.id, session.host)
end
return reply
`;

/** Ends the session \`request.id\`, and gives it as it was kept; nil if it is not open. */
export const END = `${COMMON}
return finish(request.id, request.how, request.at)
`;

/** Gives the sessions of the host as JSON. */
export const OF_HOST = `${COMMON}
return texts(redis.call('SMEMBERS', key('host:' .. request.host)))
`;

/** Gives all open sessions as JSON. */
export const ALL = `${COMMON}
return redis.call('HVALS', key('open'))
`;

/** Gives the entries of \`ended\`, the last one first. */
export const HISTORY = `${COMMON}
return redis.call('XREVRANGE', key('ended'), '+', '-', 'COUNT', request.count)
`;
