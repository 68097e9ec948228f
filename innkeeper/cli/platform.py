"""`innkeeper up`, `down` and `status`."""

import asyncio
import time
from contextlib import ExitStack
from typing import Annotated, Any

import typer

from innkeeper.cli import console
from innkeeper.cli.options import DEFAULT_STATE, AsJson, State, wait_for
from innkeeper.platform import daemon, describe, furnish, settings, steps, supervise
from innkeeper.platform.called import command
from innkeeper.platform.down import take_down
from innkeeper.platform.errors import InnError, NotRunning
from innkeeper.platform.layout import Layout
from innkeeper.platform.opening import Opening, look_ahead
from innkeeper.platform.settings import UpSettings
from innkeeper.platform.state import DEFAULT_DOMAIN, DEFAULT_PORT, Platform
from innkeeper.platform.supervise import AlreadyRuns

_STARTING = 60.0  # seconds to wait for a platform that somebody else is just starting

Domain = Annotated[str | None, typer.Option("--domain", help="Domain of all hosts.", show_default=DEFAULT_DOMAIN)]
Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Traefik's port.", show_default=str(DEFAULT_PORT))
]
Detach = Annotated[bool, typer.Option("--detach", help="Come back when all is ready, and leave it running.")]


def up(
    detach: Detach = False,
    domain: Domain = None,
    port: Port = None,
    state: State = DEFAULT_STATE,
    json: AsJson = False,
) -> None:
    """Start the platform on this machine, without Docker; Ctrl-C ends it.

    Data is kept in the state directory: a second start finds it. When it already runs, says so.
    """
    opening, chosen = Opening(state, domain, port), settings.read()
    look_ahead(opening)
    try:
        if detach:
            _detached(opening)
            platform = Platform.load(state)
            _tell_ready(platform, json=json)
            console.say(f"it runs in the background; stop it with `{_down(platform)}`")
        else:
            _in_front(opening, chosen, json=json)
    except AlreadyRuns as already:
        platform = _once_ready(state, already)
        console.say(f"already running in {platform.layout.root} (supervisor pid {already.pid})")
        if port not in (None, platform.record.port):
            again = command("up", "--port", str(port), "--state", platform.layout.root)
            console.say(f"it listens on port {platform.record.port}; for {port}: `{_down(platform)}`, then `{again}`")
        _tell_ready(platform, json=json)


def down(state: State = DEFAULT_STATE, json: AsJson = False) -> None:
    """Stop the platform and all stacks; data stays for the next start."""
    platform = Platform.load(state)
    ran = wait_for(take_down(platform))
    if json:
        console.as_json({"state": str(platform.layout.root), "stopped": ran})
    else:
        console.say(f"stopped {platform.layout.root}" if ran else f"nothing was running in {platform.layout.root}")


def status(state: State = DEFAULT_STATE, json: AsJson = False) -> None:
    """Show what runs: portal, processes, stacks."""
    platform = Platform.load(state)
    if not platform.layout.database.exists():
        raise NotRunning(platform.layout.root)
    found = wait_for(describe.describe(platform))
    if found["supervisor"] is None and all(process["state"] == "stopped" for process in found["processes"]):
        raise NotRunning(platform.layout.root)
    if json:
        console.as_json(found)
        return
    _show(found)
    if found["supervisor"] is None:
        again = command("up", "--state", platform.layout.root)
        console.say(f"the supervisor is gone, so nothing that ends is started again: run `{again}`")


def _in_front(opening: Opening, chosen: UpSettings, *, json: bool) -> None:
    with ExitStack() as shown:
        tell = shown.enter_context(console.steps(steps.NAMES))

        async def ready(platform: Platform) -> None:
            shown.close()
            _print_ready(*await _gather(platform), json=json)
            console.say("Ctrl-C stops everything; data stays")

        asyncio.run(supervise.supervise(opening, chosen, tell, ready))
    console.say("stopped")


def _detached(opening: Opening) -> None:
    process = daemon.start(opening)
    try:
        with console.steps(steps.NAMES) as tell:
            for step in daemon.listen(process, opening):
                tell(step)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise InnError("stopped before it was ready; nothing is left running") from None


def _once_ready(state: Any, already: AlreadyRuns) -> Platform:
    """The platform that another command started, once it is ready."""
    until = time.monotonic() + _STARTING
    while time.monotonic() < until:
        try:
            return Platform.load(state).require_running()
        except NotRunning:
            time.sleep(0.1)
    logs, down = Layout(already.root).logs, command("down", "--state", already.root)
    raise InnError(f"{already}, but it does not become ready; look into {logs}, or run `{down}`")


def _down(platform: Platform) -> str:
    return command("down", "--state", platform.layout.root)


def _tell_ready(platform: Platform, *, json: bool) -> None:
    """Print where everything is, and a sign-in link for each of the first users."""
    _print_ready(*wait_for(_gather(platform)), json=json)


async def _gather(platform: Platform) -> tuple[dict[str, Any], dict[str, str]]:
    async with platform.connected() as inn:
        return await describe.describe(platform), await furnish.first_links(inn)


def _print_ready(found: dict[str, Any], links: dict[str, str], *, json: bool) -> None:
    if json:
        console.as_json(found | {"sign_in_link": links.get(furnish.OPERATOR), "sign_in_links": links})
        return
    _show(found)
    console.line("")
    for handle, link in links.items():
        console.sign_in(handle, link)
    console.say("local engine: stacks are processes of this machine, not isolated from its other programs")


def _show(found: dict[str, Any]) -> None:
    console.facts({"portal": found["portal"], "state": found["state"]})
    rows = [[p["name"], p["state"], str(p["pid"] or ""), str(p["port"] or "")] for p in found["processes"]]
    console.line("")
    console.table(("process", "state", "pid", "port"), rows)
    rows = [[stack["name"], stack["state"], " ".join(stack["urls"])] for stack in found["stacks"]]
    console.line("")
    console.table(("stack", "state", "URLs"), rows, fold=False)
