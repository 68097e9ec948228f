"""Whether a stack's doors are open to its user and shut to others: tried through Traefik, as a browser would."""

import asyncio
import time

import httpx

from auth_manager.sessions.session import COOKIE_STACK
from innkeeper.platform.state import Connected
from stack_deployer.contract.names import Site
from stack_deployer.contract.wanted import Wanted

_LOOK = 0.1  # seconds between two tries
_NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
_PROGRAM = {"Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "none"}


async def try_doors(inn: Connected, stack: Wanted, *, within: float) -> list[str]:
    """What is wrong with the stack's hosts, a line each; none: 200 to its user, 302 and 401 to a stranger.

    Tried again for `within` seconds while something is wrong. The session it uses is ended. Raises RedisError.
    """
    secret_sso, sso = await inn.sessions.start_sso(stack.user_id, stack.user, "")
    del secret_sso  # nobody needs it: the host sessions come straight from the SSO session
    try:
        secrets = {
            host: await inn.sessions.start_host(sso.digest, host=host, stack_id=stack.id) for host in stack.hosts
        }
        cookies = {host: f"{COOKIE_STACK}={secret}" for host, secret in secrets.items()}
        until = time.monotonic() + within
        async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
            while True:
                found = [await _faults(client, inn.site, host, cookies[host]) for host in stack.hosts]
                faults = [fault for of_host in found for fault in of_host]
                if not faults or time.monotonic() > until:
                    return faults
                await asyncio.sleep(_LOOK)
    finally:
        await inn.sessions.end(sso.digest)


async def _faults(client: httpx.AsyncClient, site: Site, host: str, cookie: str) -> list[str]:
    cases = (
        ("its user", _NAVIGATION | {"Cookie": cookie}, 200),
        ("a browser that is not signed in", _NAVIGATION, 302),
        ("a program that is not signed in", _PROGRAM, 401),
    )
    faults = []
    for who, headers, expected in cases:
        got = await _status(client, site, host, headers)
        if got != expected:
            faults.append(f"{site.origin(host)} answers {got} to {who}; {expected} is right")
    return faults


async def _status(client: httpx.AsyncClient, site: Site, host: str, headers: dict[str, str]) -> int | str:
    # Not by name: not every resolver knows *.localhost.
    try:
        address = f"http://127.0.0.1:{site.port}/"
        return (await client.get(address, headers=headers | {"Host": f"{host}:{site.port}"})).status_code
    except httpx.HTTPError as error:
        return type(error).__name__
