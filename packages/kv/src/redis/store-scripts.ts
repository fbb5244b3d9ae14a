import { RedisScript } from './redis-script.js';

// A store in Redis is one string for each value, which Redis itself expires to the millisecond, and beside them: `sizes`, a
// hash from key to bytes of key and value, for the limits and for listing; `expiries`, a sorted set of the keys that have a
// time to live; `bytes`, the sum of the sizes. What has expired is counted until it is swept, by a few with every write and
// by many before one is refused.
//
// KEYS: sizes, expiries, bytes, then the strings, one for each key. Numbers are written by %.0f, because %d holds 31 bits
// only in a Valkey built for 32-bit machines, as the embedded one is, and the shortest form of a large one has an exponent.
const prelude = `
local sizes, expiries, bytes = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function whole(number)
  return string.format('%.0f', number)
end

-- A sum is only as good as what it is a sum of: without sizes it starts from nought.
local function used()
  return redis.call('EXISTS', sizes) == 1 and tonumber(redis.call('GET', bytes) or 0) or 0
end

local function setUsed(sum)
  if redis.call('EXISTS', sizes) == 1 then redis.call('SET', bytes, whole(sum)) else redis.call('DEL', bytes) end
end

local function sizeOf(key)
  return tonumber(redis.call('HGET', sizes, key) or 0)
end

local function forget(key)
  local sum = used() - sizeOf(key)
  redis.call('HDEL', sizes, key)
  redis.call('ZREM', expiries, key)
  setUsed(sum)
end

local function sweep(atMost)
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', expiries, '-inf', '(' .. whole(now), 'LIMIT', 0, atMost)) do
    forget(key)
  end
end

-- Whether there is a value; what is counted without being there is no longer counted.
local function isThere(key, at)
  if redis.call('EXISTS', at) == 1 then return true end
  if redis.call('HEXISTS', sizes, key) == 1 then forget(key) end
  return false
end

-- Whether the store may hold so many bytes under that key.
local function fits(key, size, maxBytes, maxKeys)
  local before = sizeOf(key)
  if redis.call('HEXISTS', sizes, key) == 0 and redis.call('HLEN', sizes) >= maxKeys then return false end
  return size <= before or used() + size - before <= maxBytes
end

local function makeFit(key, size, maxBytes, maxKeys)
  if fits(key, size, maxBytes, maxKeys) then return true end
  sweep(1000)
  return fits(key, size, maxBytes, maxKeys)
end

local function count(key, size)
  local sum = used() + size - sizeOf(key)
  redis.call('HSET', sizes, key, whole(size))
  setUsed(sum)
end

local function expireIn(key, at, ttlMs)
  redis.call('PEXPIREAT', at, whole(now + ttlMs))
  redis.call('ZADD', expiries, whole(now + ttlMs), key)
end
`;

/**
 * ARGV: key, value, most bytes, most keys, time to live or '', and under which condition: `always`, `absent`, or `equal` to
 * the one that follows. Answers 1, 0 when the condition does not hold, or `over_limit`.
 */
export const setScript = new RedisScript(`${prelude}
local key, value, ttlMs, condition = ARGV[1], ARGV[2], ARGV[5], ARGV[6]
sweep(16)
local there = isThere(key, KEYS[4])
if condition == 'absent' and there then return 0 end
if condition == 'equal' and redis.call('GET', KEYS[4]) ~= ARGV[7] then return 0 end
local size = #key + #value
if not makeFit(key, size, tonumber(ARGV[3]), tonumber(ARGV[4])) then return 'over_limit' end
redis.call('SET', KEYS[4], value)
count(key, size)
if ttlMs == '' then redis.call('ZREM', expiries, key) else expireIn(key, KEYS[4], tonumber(ttlMs)) end
return 1
`);

/**
 * ARGV: key, what to add, most bytes, most keys. Answers the sum as text, because Lua's numbers hold 53 bits only, or
 * `over_limit` or `not_a_number`.
 */
export const incrementScript = new RedisScript(`${prelude}
local key = ARGV[1]
sweep(16)
isThere(key, KEYS[4])
local before = redis.call('GET', KEYS[4])
local answer = redis.pcall('INCRBY', KEYS[4], ARGV[2])
if type(answer) == 'table' and answer.err then return 'not_a_number' end
local sum = redis.call('GET', KEYS[4])
local size = #key + #sum
if not makeFit(key, size, tonumber(ARGV[3]), tonumber(ARGV[4])) then
  if before then redis.call('SET', KEYS[4], before, 'KEEPTTL') else redis.call('DEL', KEYS[4]) end
  return 'over_limit'
end
count(key, size)
return sum
`);

/** ARGV: the keys. Answers how many there were. */
export const deleteScript = new RedisScript(`${prelude}
local deleted = 0
for index, key in ipairs(ARGV) do
  deleted = deleted + redis.call('DEL', KEYS[3 + index])
  if redis.call('HEXISTS', sizes, key) == 1 then forget(key) end
end
return deleted
`);

/** ARGV: key, time to live. Answers 1, or 0 when there is no such key. */
export const expireScript = new RedisScript(`${prelude}
local key = ARGV[1]
if not isThere(key, KEYS[4]) then return 0 end
expireIn(key, KEYS[4], tonumber(ARGV[2]))
return 1
`);

/** KEYS: strings. Answers for each whether it is there. */
export const existScript = new RedisScript(`
local there = {}
for index, at in ipairs(KEYS) do there[index] = redis.call('EXISTS', at) end
return there
`);
