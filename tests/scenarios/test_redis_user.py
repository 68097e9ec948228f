"""What the password of the platform's Redis is worth to whoever learns it."""

import socket

import pytest

from tests.scenarios.conftest import Inn


def say(inn: Inn, *commands: str) -> list[str]:
    """Send inline commands as the platform's own Redis user; the first line of each answer."""
    port = next(process["port"] for process in inn.status()["processes"] if process["name"] == "redis")
    password = (inn.state / "keys" / "redis.password").read_text().strip()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        lines = connection.makefile("rwb")
        answers = []
        for command in (f"AUTH {password}", *commands):
            lines.write(f"{command}\r\n".encode())
            lines.flush()
            answers.append(lines.readline().decode().strip())
    return answers


@pytest.mark.parametrize(
    "command", ["CONFIG SET dir /tmp", "SAVE", "REPLICAOF 127.0.0.1 1", "MODULE LIST", "DEBUG SLEEP 0", "ACL LIST"]
)
def test_redis_does_nothing_beyond_keys_for_its_user(inn: Inn, command: str) -> None:
    """Whoever learns the password cannot make Redis write files, load code, follow another or hand out rights."""
    known, refused = say(inn, command)

    assert "+OK" == known
    assert refused.startswith("-NOPERM")


def test_a_stranger_gets_nothing_of_redis(inn: Inn) -> None:
    """Without the password there is no answer but a refusal."""
    port = next(process["port"] for process in inn.status()["processes"] if process["name"] == "redis")
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET routes:loaded\r\n")
        assert connection.recv(100).startswith(b"-NOAUTH")
