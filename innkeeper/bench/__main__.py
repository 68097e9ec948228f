"""`scripts/bench gate|deploy|sign-in [--json FILE]`: each starts a platform of its own where it needs one."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from innkeeper.bench import deploy, gate, sign_in
from innkeeper.bench.baselines import free_port
from innkeeper.bench.load import BenchFailed
from innkeeper.cli import console
from innkeeper.platform.state import Platform
from stack_deployer.contract import wanted
from stack_deployer.contract.wanted import Wanted

app = typer.Typer(no_args_is_help=True, add_completion=False)
Json = Annotated[Path | None, typer.Option("--json", help="Write the result there, too.")]


@contextmanager
def _platform() -> Iterator[Platform]:
    """A fresh platform in a directory of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="innkeeper-bench-") as directory:
        state = Path(directory) / "state"
        command = [str(Path(sys.executable).with_name("innkeeper"))]
        _say("starting a platform")
        up = [*command, "up", "--detach", "--json", "--state", str(state), "--port", str(free_port())]
        ran = subprocess.run(up, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise BenchFailed(f"the platform did not start: {ran.stderr[-500:]}")
        try:
            yield Platform.load(state)
        finally:
            subprocess.run([*command, "down", "--state", str(state)], capture_output=True, check=False)


def _say(what: str) -> None:
    console.say(f"· {what}")


def _write(result: dict[str, Any], path: Path | None) -> None:
    if path is not None:
        path.write_text(json.dumps(result, indent=2) + "\n")


async def _first_stack(platform: Platform) -> Wanted:
    async with platform.connected() as inn, inn.engine.connect() as conn:
        return (await wanted.live(conn))[0]


@app.command("gate")
def gate_command(json_file: Json = None, rounds: int = 3, seconds: int = 4, sessions: int = 1000) -> None:
    """Requests a second through Traefik: no auth, nginx over HTTP/1.1 and HTTP/2, the gate."""
    with _platform() as platform:
        stack = asyncio.run(_first_stack(platform))
        result = gate.measure(platform, stack, rounds=rounds, seconds=seconds, sessions=sessions, say=_say)
    figures = ("requests_per_second", "p50_ms", "p99_ms")
    rows = [[case["name"], *(f"{case[key]:,.2f}" for key in figures)] for case in result["cases"]]
    console.table(("case", "requests/s", "p50 ms", "p99 ms"), rows, title="Through Traefik, 32 connections")
    ratios = [[pair, f"{one['median']}", f"{one['low']}–{one['high']}"] for pair, one in result["spread"].items()]
    console.table(("ratio", "median", "spread"), ratios)
    _write(result, json_file)


@app.command("deploy")
def deploy_command(json_file: Json = None, count: int = 7) -> None:
    """Seconds from the request for a stack to its first 200, and the share of each step."""
    with _platform() as platform:
        result = asyncio.run(deploy.measure(platform, count=count, say=_say))
    rows = [[name, f"{step['seconds']:.3f}", f"{step['share']:.0%}"] for name, step in result["steps"].items()]
    rows.append(["(removal)", f"{result['median_removal_seconds']:.3f}", ""])
    console.table(("step", "seconds", "share"), rows, title=f"Median of {count} deploys: {result['median_seconds']} s")
    _write(result, json_file)


@app.command("sign-in")
def sign_in_command(json_file: Json = None, count: int = 60) -> None:
    """Milliseconds of a failed sign-in with a known, an unknown and a disabled user's e-mail."""
    result = asyncio.run(sign_in.measure(count=count, say=_say))
    kinds = ("known", "unknown", "disabled")
    rows = [[who, f"{result[who]['median_ms']}", f"{result[who]['low_ms']}–{result[who]['high_ms']}"] for who in kinds]
    console.table(("e-mail", "median ms", "quartiles ms"), rows, title=f"unknown/known {result['unknown/known']}")
    _write(result, json_file)


if __name__ == "__main__":
    try:
        app()
    except BenchFailed as failed:
        console.fail(str(failed))
        sys.exit(1)
