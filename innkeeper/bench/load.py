"""One wrk run, and what it found."""

import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

_LUA = """
local cookies = {}
function init(args)
  math.randomseed(tonumber(args[2]))
  for line in io.lines(args[1]) do cookies[#cookies + 1] = line end
end
function request()
  wrk.headers["Cookie"] = cookies[math.random(#cookies)]
  return wrk.format("GET", "/")
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status + e.read + e.write + e.connect + e.timeout))
end
"""
_RESULT = re.compile(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)")


class BenchFailed(RuntimeError):
    """A run that measured nothing, or whose answers were errors."""


@dataclass(frozen=True, slots=True)
class Case:
    """What one run found: requests a second, latencies in milliseconds."""

    name: str
    requests_per_second: float
    p50_ms: float
    p99_ms: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def program(name: str, package: str) -> str:
    """The path of a program the benchmarks need; raises BenchFailed naming Debian's package."""
    found = shutil.which(name, path="/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin")
    if found is None:
        raise BenchFailed(f"{name} is not installed: apt-get install {package}")
    return found


def wrk(name: str, port: int, host: str, cookies: Path, *, seconds: int, connections: int = 32, seed: int = 1) -> Case:
    """Load one front door with requests that carry a cookie drawn at random; raises BenchFailed on any error."""
    script = cookies.with_name("load.lua")
    script.write_text(_LUA)
    command = [program("wrk", "wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script)]
    command += ["-H", f"Host: {host}", "-H", "Sec-Fetch-Mode: cors", f"http://127.0.0.1:{port}/"]
    ran = subprocess.run([*command, "--", str(cookies), str(seed)], capture_output=True, text=True, check=False)
    found = _RESULT.search(ran.stdout)
    if found is None:
        raise BenchFailed(f"{name}: wrk gave no result: {ran.stdout[-300:]}{ran.stderr[-300:]}")
    requests, duration, p50, p99, errors = (int(group) for group in found.groups())
    if errors or not requests:
        raise BenchFailed(f"{name}: {errors} of {requests} requests failed")
    return Case(name, requests / (duration / 1e6), p50 / 1e3, p99 / 1e3)


def middle(cases: list[Case]) -> Case:
    """The median of several rounds of one case, each figure by itself."""
    return Case(
        cases[0].name,
        round(median(case.requests_per_second for case in cases), 1),
        round(median(case.p50_ms for case in cases), 3),
        round(median(case.p99_ms for case in cases), 3),
    )


def ratios(rounds: list[dict[str, Case]], over: str, under: str) -> dict[str, float]:
    """The ratio of two cases: median of the rounds, and the lowest and highest one."""
    each = [cases[over].requests_per_second / cases[under].requests_per_second for cases in rounds]
    return {"median": round(median(each), 3), "low": round(min(each), 3), "high": round(max(each), 3)}
