"""What breaks, and how it comes back: Redis, and each process of the platform killed."""

import json
import os
import shutil
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from innkeeper.checks.visitor import Visitor
from tests.scenarios.conftest import PASSWORD, Inn, eventually

PROGRAM = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "Accept": "*/*"}


def ask(inn: Inn, visitor: Visitor, name: str = "anna") -> int:
    return visitor.get(inn.url(name, "/echo"), headers=PROGRAM).status_code


def pids(inn: Inn) -> dict[str, int]:
    return {process["name"]: process["pid"] for process in inn.status()["processes"]}


def test_redis_paused_is_503_and_then_the_same_cookie_works(inn: Inn, anna: Visitor) -> None:
    """While Redis is silent nobody gets in, quickly and without losing a cookie; then all is as before."""
    pid = inn.pid("redis")
    os.kill(pid, signal.SIGSTOP)
    try:
        answers = [anna.get(inn.url("anna", "/echo"), headers=PROGRAM) for _ in range(5)]
        stranger = inn.visitor().visit(inn.url("anna"), follow=False)
        portal = inn.visitor().visit(f"{inn.site.portal}/sign-in", follow=False)
        time.sleep(3)
    finally:
        os.kill(pid, signal.SIGCONT)

    assert Counter({503: 5}) == Counter(answer.status_code for answer in answers)
    assert all(answer.headers["Retry-After"] and "set-cookie" not in answer.headers for answer in answers)
    assert 503 == stranger.status_code
    assert portal.status_code in (200, 503)
    assert eventually(lambda: ask(inn, anna) == 200)


def test_redis_restarted_keeps_everybody_in(inn: Inn, anna: Visitor) -> None:
    """Redis killed and started again reads its append-only file: the same cookie works."""
    time.sleep(1.1)  # the append-only file reaches the disk every second
    inn.kill("redis")

    assert eventually(lambda: ask(inn, anna) == 200)


def test_redis_come_back_empty_asks_to_sign_in_again(own_inn: Inn) -> None:
    """Redis without its data: 503 until routes and grants are back, within 5 s, then sign in again and enter."""
    inn = own_inn
    guest = inn.guest("anna")
    assert 200 == inn.inside(guest, "anna").status_code
    pid = inn.pid("redis")
    os.kill(pid, signal.SIGSTOP)
    for path in (inn.state / "redis").glob("*"):
        if path.is_dir():
            shutil.rmtree(path)
        elif path.suffix in (".rdb", ".aof"):
            path.unlink()
    os.kill(pid, signal.SIGKILL)

    seen: Counter[int] = Counter()

    def back() -> bool:
        status = ask(inn, guest)
        seen[status] += 1
        return status == 401

    assert eventually(back, within=10, every=0.05)
    assert not [status for status in seen if status >= 500 and status != 503], seen
    guest.sign_in("anna@example.com", PASSWORD)
    assert 200 == inn.inside(guest, "anna").status_code


@pytest.mark.parametrize("name", ["gate", "portal", "worker", "traefik"])
def test_a_killed_process_is_back_by_itself(inn: Inn, anna: Visitor, name: str) -> None:
    """kill -9 of any process of the platform: it is there again, and the same cookie works."""
    before = inn.kill(name)

    assert eventually(lambda: pids(inn).get(name) not in (None, before) and ask_quietly(inn, anna) == 200)
    assert eventually(lambda: inn.visitor().visit(f"{inn.site.portal}/sign-in").status_code == 200)


def ask_quietly(inn: Inn, visitor: Visitor) -> int:
    try:
        return ask(inn, visitor)
    except httpx.TransportError:  # Traefik is away
        return 0


def test_a_killed_worker_finds_its_stacks_running(inn: Inn, anna: Visitor) -> None:
    """A worker that comes back adopts what runs: the stack's process is the same, and there is only one."""
    before = services(inn)
    inn.kill("worker")

    assert eventually(lambda: "worker" in pids(inn))
    time.sleep(3)
    assert before == services(inn)
    assert 200 == ask(inn, anna)


def services(inn: Inn) -> set[int]:
    """The pids of all stack services of this platform."""
    found = set()
    for process in psutil.process_iter():
        try:
            if "tenant_apps.hello" in process.cmdline() and str(inn.state) in str(process.environ()):
                found.add(process.pid)
        except psutil.Error:
            continue
    return found


def test_a_killed_service_is_started_again(inn: Inn, anna: Visitor) -> None:
    """kill -9 of a stack's own process: the worker starts it again on the same route."""
    victim = next(iter(service_of(inn, "anna")))
    os.kill(victim, signal.SIGKILL)

    assert eventually(lambda: ask(inn, anna) == 200 and victim not in service_of(inn, "anna"))


def service_of(inn: Inn, name: str) -> set[int]:
    stack = json.loads(inn.run("stacks", "show", name, "--json").stdout)["id"]
    return {pid for pid in services(inn) if stack in str(psutil.Process(pid).environ())}


def test_sign_out_wins_against_requests_under_way(inn: Inn) -> None:
    """While a hundred requests run with a session, its sign-out holds for all that come after, and for ever."""
    finn = inn.guest("finn")
    assert 200 == inn.inside(finn, "finn").status_code

    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(ask, inn, finn, "finn") for _ in range(100)]
        page = finn.visit(f"{inn.site.portal}/sign-out")
        finn.submit(page, {})
        after = ask(inn, finn, "finn")
        statuses = {future.result() for future in running}

    assert 401 == after
    assert statuses <= {200, 401}
    assert 401 == ask(inn, finn, "finn")
