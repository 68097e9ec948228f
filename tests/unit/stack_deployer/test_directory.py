"""Facts about a stack's directory: made once, written whole, deleted whole."""

import resource
import stat
from pathlib import Path

import pytest

from stack_deployer.directory import StackDirectory, recorded, write
from stack_deployer.errors import DirectoryCorrupt
from stack_deployer.plan import Record

ID = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def directory(tmp_path: Path) -> StackDirectory:
    """A stack's directory, made."""
    made = StackDirectory(tmp_path / "stacks", ID, "user1-tenant1")
    made.make()
    return made


def record() -> Record:
    """What would be recorded of that stack."""
    return Record(ID, "user1-tenant1", "u", "user1", "tenant1", "iad", "hello", ("a.example.com",))


def test_nobody_else_reads_it(directory: StackDirectory) -> None:
    """The directories are 0700, secrets, record and env file 0600."""
    directory.make_secrets(["jwt_secret"])
    directory.write_env({"A": "b"})
    directory.write_record(record())

    for path in (directory.root, directory.root / "secrets", directory.root / "data", directory.root / "logs"):
        assert 0o700 == stat.S_IMODE(path.stat().st_mode)
    for path in (directory.env, directory.root / "record.json", directory.root / "secrets" / "jwt_secret"):
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_secrets_are_made_once(directory: StackDirectory) -> None:
    """A second deploy fills in what is missing and leaves the rest, byte for byte."""
    directory.make_secrets(["jwt_secret"])
    first = directory.secrets()
    directory.make_secrets(["jwt_secret", "db_password"])

    assert first["jwt_secret"] == directory.secrets()["jwt_secret"]
    assert {"jwt_secret", "db_password"} == set(directory.secrets())
    assert 2 == len(set(directory.secrets().values()))
    assert all(len(secret) == 43 for secret in directory.secrets().values())  # 32 bytes in base64


def test_empty_secret_is_not_replaced(directory: StackDirectory) -> None:
    """A secret that lost its content is an error: live data may hang on the true one."""
    (directory.root / "secrets" / "jwt_secret").touch()
    with pytest.raises(DirectoryCorrupt, match="is empty"):
        directory.make_secrets(["jwt_secret"])

    assert b"" == (directory.root / "secrets" / "jwt_secret").read_bytes()


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".new-x", "A"])
def test_secret_with_an_odd_name(directory: StackDirectory, name: str) -> None:
    """No secret is written outside of its directory."""
    with pytest.raises(ValueError, match="cannot name a secret"):
        directory.make_secrets([name])


@pytest.mark.parametrize("stack_id", ["../x", "x", ID.upper(), f"{ID}0", ""])
def test_only_ids_name_directories(tmp_path: Path, stack_id: str) -> None:
    """What is no id becomes no path."""
    with pytest.raises(ValueError, match="is no stack's id"):
        StackDirectory(tmp_path, stack_id, "user1")


def test_record_is_read_back(directory: StackDirectory) -> None:
    """None before it is written, then what was written."""
    assert directory.record() is None

    directory.write_record(record())
    assert record() == directory.record()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null", '{"id": 1}'])
def test_corrupt_record_is_named(directory: StackDirectory, content: str) -> None:
    """A record that is none of ours is said with its path, never taken for "not deployed"."""
    (directory.root / "record.json").write_text(content)
    with pytest.raises(DirectoryCorrupt, match=r"record\.json"):
        directory.record()


def test_record_of_another_stack_is_refused(directory: StackDirectory) -> None:
    """A directory that was copied or moved by hand is not taken for this stack's."""
    directory.write_record(record())
    other = StackDirectory(directory.stacks_dir, ID, "user2-tenant1")
    with pytest.raises(DirectoryCorrupt, match="called user1-tenant1"):
        other.record()


def test_write_replaces_whole(tmp_path: Path) -> None:
    """Either the old or the new content is there; a failed write leaves the old one and nothing beside it."""
    path = tmp_path / "file"
    write(path, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # as on a disk that is full
    try:
        with pytest.raises(OSError, match="File too large"):
            write(path, b"new" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert b"old" == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_file_that_cannot_be_replaced(tmp_path: Path) -> None:
    """Where a directory stands in the way, nothing is left beside it."""
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="directory"):
        write(tmp_path / "file", b"new")

    assert [tmp_path / "file"] == list(tmp_path.iterdir())


def test_make_clears_what_a_kill_left(directory: StackDirectory) -> None:
    """Half-written files of a killed worker are cleared away at the next deploy."""
    for place in (directory.root, directory.root / "secrets"):
        (place / ".new-record.json-0000").write_text("half")
    directory.make()

    assert [] == list(directory.root.rglob(".new-*"))


def test_keys_are_written_when_they_differ(directory: StackDirectory) -> None:
    """The same keys leave the file alone, so that no app reloads for nothing."""
    directory.write_keys(b"one")
    before = (directory.root / "keys.json").stat().st_ino
    directory.write_keys(b"one")
    assert before == (directory.root / "keys.json").stat().st_ino

    directory.write_keys(b"two")
    assert b"two" == (directory.root / "keys.json").read_bytes()


def test_delete_leaves_nothing(directory: StackDirectory) -> None:
    """Everything goes, and again: also what an earlier delete was killed over."""
    directory.write_compose("name: x")
    directory.write_env({})
    directory.make_secrets(["jwt_secret"])
    (directory.stacks_dir / f".gone-{ID}").mkdir()
    directory.delete()
    directory.delete()

    assert [] == list(directory.stacks_dir.iterdir())


def test_recorded_lists_ids_alone(directory: StackDirectory) -> None:
    """Files beside the directories are not taken for stacks."""
    directory.write_compose("name: x")
    (directory.stacks_dir / ".run").mkdir()

    assert [ID] == recorded(directory.stacks_dir)
    assert [] == recorded(directory.stacks_dir / "nowhere")
