"""What the gate costs: requests a second through Traefik without it, with nginx in its place, and with it."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from auth_manager.gate.answers import AUTH_RESPONSE_HEADERS
from auth_manager.sessions.session import COOKIE_STACK
from innkeeper.bench import baselines, load
from innkeeper.bench.load import Case
from innkeeper.platform.state import Platform
from stack_deployer.contract.wanted import Wanted

Progress = Callable[[str], None]


async def _cookies(platform: Platform, stack: Wanted, count: int) -> list[str]:
    """Cookies of that many live sessions of the stack's own user on its first host."""
    async with platform.connected() as inn:
        cookies = []
        for _ in range(count):
            _, session = await inn.sessions.start_sso(stack.user_id, stack.user, "")
            secret = await inn.sessions.start_host(session.digest, host=stack.hosts[0], stack_id=stack.id)
            cookies.append(f"{COOKIE_STACK}={secret}")
        return cookies


async def _forget(platform: Platform, stack: Wanted) -> None:
    async with platform.connected() as inn:
        await inn.sessions.end_user(stack.user_id)


def _doors(gate: int, ports: dict[str, int]) -> dict[str, dict[str, Any] | None]:
    shared = {
        "trustForwardHeader": False,
        "maxResponseBodySize": 65536,
        "authResponseHeaders": list(AUTH_RESPONSE_HEADERS),
    }
    return {
        "no_auth": None,
        "nginx_h1": {"address": f"http://127.0.0.1:{ports['auth_h1']}/", **shared},
        "nginx_h2": {"address": f"https://127.0.0.1:{ports['auth_h2']}/", **shared},
        "gate_h2": {"address": f"https://127.0.0.1:{gate}/auth", **shared},
    }


def measure(
    platform: Platform, stack: Wanted, *, rounds: int = 3, seconds: int = 4, sessions: int = 1000, say: Progress
) -> dict[str, Any]:
    """Ratios and cases over some rounds, each round all cases in turn; raises BenchFailed.

    The platform must run, and so must the stack, whose sessions are used (all sessions of its user end afterwards).
    """
    layout = platform.layout
    with tempfile.TemporaryDirectory(prefix="innkeeper-bench-") as directory:
        room = Path(directory)
        cookies = room / "cookies"
        cookies.touch(mode=0o600)
        cookies.write_text("\n".join(asyncio.run(_cookies(platform, stack, sessions))) + "\n")
        trust = f"/etc/ssl/certs:{layout.trust}"
        try:
            with baselines.nginx(room, layout.gate_certificate, layout.gate_key) as ports:
                doors = _doors(platform.record.ports["gate"], ports)
                with baselines.traefik(room, ports["backend"], doors, trust) as fronts:
                    found = [_round(fronts, stack.hosts[0], cookies, seconds, turn, say) for turn in range(rounds)]
        finally:
            asyncio.run(_forget(platform, stack))
    return _result(found, sessions)


def _round(fronts: dict[str, int], host: str, cookies: Path, seconds: int, turn: int, say: Progress) -> dict[str, Case]:
    cases = {}
    for name, port in fronts.items():
        say(f"round {turn + 1}: {name}")
        load.wrk(name, port, host, cookies, seconds=1, seed=turn)  # warm up: connections, caches
        cases[name] = load.wrk(name, port, host, cookies, seconds=seconds, seed=turn)
    return cases


def _result(found: list[dict[str, Case]], sessions: int) -> dict[str, Any]:
    pairs = [("gate_h2", "nginx_h1"), ("gate_h2", "nginx_h2"), ("gate_h2", "no_auth"), ("nginx_h1", "no_auth")]
    spread = {f"{over}/{under}": load.ratios(found, over, under) for over, under in pairs}
    return {
        **{name: ratio["median"] for name, ratio in spread.items()},
        "spread": spread,
        "rounds": len(found),
        "connections": 32,
        "sessions": sessions,
        "cases": [load.middle([cases[name] for cases in found]).as_json() for name in found[0]],
    }
