"""`innkeeper check`: ticks off what a running platform must do."""

from dataclasses import asdict

import typer

from innkeeper.checks import integration
from innkeeper.checks.integration import Tick
from innkeeper.cli import console
from innkeeper.cli.options import DEFAULT_STATE, AsJson, State, wait_for
from innkeeper.platform.state import Platform


def check(state: State = DEFAULT_STATE, json: AsJson = False) -> None:
    """Look at the running platform from outside; exit code 1 when a tick fails."""
    platform = Platform.load(state).require_running()
    ticks = wait_for(integration.run(platform, _pass_over if json else _tell))
    failed = [tick for tick in ticks if tick.fault]
    if json:
        console.as_json([asdict(tick) for tick in ticks])
    else:
        console.say(f"{len(ticks)} ticks, {len(failed)} failed")
    if failed:
        raise typer.Exit(1)


def _tell(tick: Tick) -> None:
    console.line(f"✗ {tick.name}: {tick.fault}" if tick.fault else f"✓ {tick.name}")


def _pass_over(tick: Tick) -> None:
    """JSON is printed in one piece at the end."""
