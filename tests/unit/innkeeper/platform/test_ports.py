"""Ports on loopback."""

import os
import socket
from collections.abc import Iterator

import pytest

from innkeeper.platform import ports
from innkeeper.platform.errors import InnError
from stack_deployer.engines.ports import free


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_every_name_gets_its_own_free_port() -> None:
    """All ports differ, from each other and from Traefik's."""
    chosen = ports.choose({}, running=(), avoid=8080)

    assert set(ports.NAMES) == set(chosen)
    assert 5 == len({8080, *chosen.values()})
    assert all(free(port) for port in chosen.values())


def test_free_ports_are_kept() -> None:
    """The next start finds each process where it was."""
    before = ports.choose({}, running=(), avoid=8080)

    assert before == ports.choose(before, running=(), avoid=8080)


def test_a_port_that_was_taken_meanwhile_is_given_up(taken: int) -> None:
    """A port that another program has by now is exchanged, the others stay."""
    before = ports.choose({}, running=(), avoid=8080)

    after = ports.choose(before | {"gate": taken}, running=(), avoid=8080)

    assert after["gate"] not in (taken, before["redis"], before["portal"])
    assert before["redis"] == after["redis"]


def test_a_port_held_by_its_own_process_is_kept(taken: int) -> None:
    """A process that outlived its supervisor still listens: its port is not given up."""
    before = {"redis": taken, "traefik_api": taken}

    assert taken == ports.choose(before, running={"redis"}, avoid=8080)["redis"]
    assert taken != ports.choose(before, running={"redis"}, avoid=8080)["traefik_api"]


def test_a_taken_port_is_named_with_its_holder(taken: int) -> None:
    """The error says the port, the program that has it, and what to do."""
    with pytest.raises(InnError, match=rf"port {taken} .*in use by .*pid {os.getpid()}.*--port"):
        ports.require(taken)


def test_a_free_port_is_allowed() -> None:
    """Nothing is said of a port that is free."""
    ports.require(ports.choose({}, running=(), avoid=8080)["gate"])
