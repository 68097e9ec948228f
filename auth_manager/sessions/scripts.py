"""Lua that Redis runs in one go, where two steps would leave a gap for a sign-out to slip through."""

# KEYS: sso, idle of the sso, family, host, idle of the host
# ARGV: sealed host session, cap in ms, idle in ms, member of the family
# A sign-out that came first has deleted the SSO session: nothing is made then. One that comes later finds the new
# session in the family. The SSO's idle time starts anew, so that it never ends before that of its host sessions.
START_HOST = """
if redis.call('EXISTS', KEYS[1], KEYS[2]) < 2 then return 0 end
redis.call('SET', KEYS[4], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[5], '1', 'PX', ARGV[3])
redis.call('SADD', KEYS[3], ARGV[4])
redis.call('PEXPIRE', KEYS[3], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
"""

_END_ONE = """
local function finish(sso, values)
  for _, member in ipairs(redis.call('SMEMBERS', 'family:' .. sso)) do
    local digest = string.match(member, '^%S+') or ''
    local value = redis.call('GETDEL', 'host:' .. digest)
    if value then values[#values + 1] = digest; values[#values + 1] = value end
    redis.call('DEL', 'idle:' .. digest)
  end
  redis.call('DEL', 'sso:' .. sso, 'idle:' .. sso, 'family:' .. sso)
end
"""

# ARGV: digest of the SSO session. Returns digest, sealed value, digest, … of its host sessions.
END = f"""{_END_ONE}
local values = {{}}
finish(ARGV[1], values)
return values
"""

# KEYS: the user's set of SSO sessions
END_USER = f"""{_END_ONE}
for _, sso in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do finish(sso, {{}}) end
return redis.call('DEL', KEYS[1])
"""

# KEYS: counter of changes, then grants. ARGV: what the counter must read or '', then a sealed value for each grant,
# '' to delete it. A change between reading SQL and writing here must win: it has written the newer truth already.
WRITE_GRANTS = """
if ARGV[1] ~= '' and (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
for i = 2, #KEYS do
  if ARGV[i] == '' then redis.call('DEL', KEYS[i]) else redis.call('SET', KEYS[i], ARGV[i]) end
end
return 1
"""
