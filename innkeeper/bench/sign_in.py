"""Whether signing in tells known from unknown e-mails by its time: both side by side, in turn."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from auth_manager.users import accounts, database, sign_in
from auth_manager.users.password import Passwords

_PASSWORD = "a password of the benchmark"  # noqa: S105  of a user in a database that is thrown away


async def measure(*, count: int = 60, say: Callable[[str], None]) -> dict[str, Any]:
    """Median and quartiles, in milliseconds, of failed sign-ins of a known, an unknown and a disabled user."""
    with tempfile.TemporaryDirectory(prefix="innkeeper-bench-") as directory:
        url = f"sqlite:///{Path(directory) / 'bench.db'}"
        database.migrate(url)
        engine, passwords = database.connect(url), Passwords(threads=1)
        for handle in ("known", "disabled"):
            await accounts.add_user(engine, passwords, handle=handle, email=f"{handle}@example.com", password=_PASSWORD)
        await accounts.disable(engine, "disabled")
        times: dict[str, list[float]] = {"known": [], "unknown": [], "disabled": []}
        say(f"{count} sign-ins of each kind, in turn")
        for _ in range(count):
            for who, taken in times.items():
                began = time.perf_counter()
                await sign_in.sign_in(engine, passwords, email=f"{who}@example.com", password=_PASSWORD + "?")
                taken.append((time.perf_counter() - began) * 1000)
        await engine.dispose()
    found = {who: _spread(taken) for who, taken in times.items()}
    ratio = found["unknown"]["median_ms"] / found["known"]["median_ms"]
    return {"unknown/known": round(ratio, 3), "count": count, **found}


def _spread(taken: list[float]) -> dict[str, float]:
    low, _, high = quantiles(taken, n=4)
    return {"median_ms": round(median(taken), 2), "low_ms": round(low, 2), "high_ms": round(high, 2)}
