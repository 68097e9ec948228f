"""State directories: ours, somebody else's, damaged."""

import os
from pathlib import Path

import pytest

from innkeeper.platform import state
from innkeeper.platform.errors import InnError, NotRunning
from innkeeper.platform.layout import Layout
from innkeeper.platform.state import Platform, Record
from stack_deployer.engines.record import identity


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    platform = Platform(state.claim(tmp_path / "state"), Record())
    platform.write(port=18080)
    return platform


def test_a_new_directory_is_its_owners_alone(tmp_path: Path) -> None:
    """The directory is made with its parents, 0700 even where the umask or a person made it wider."""
    (tmp_path / "empty").mkdir(mode=0o755)

    for root in (tmp_path / "a" / "b", tmp_path / "empty"):
        layout = state.claim(root)
        assert 0o700 == layout.root.stat().st_mode & 0o777


def test_claiming_again_changes_nothing(platform: Platform) -> None:
    """A second start finds the record of the first."""
    assert platform.record == state.read_record(state.claim(platform.layout.root))


def test_what_a_kill_at_the_first_start_leaves_is_claimed_again(tmp_path: Path) -> None:
    """A directory with nothing but locks, logs and a draft of the record is ours to go on with."""
    layout = state.claim(tmp_path / "state")
    layout.logs.mkdir()
    (layout.root / ".platform.json.new").write_text("{")

    state.claim(tmp_path / "state")


def test_a_foreign_directory_is_refused_untouched(tmp_path: Path) -> None:
    """A directory with somebody's files in it is named with one of them, and nothing is added."""
    (tmp_path / "thesis.tex").write_text("…")

    with pytest.raises(InnError, match=r"thesis\.tex.*choose an empty or new directory"):
        state.claim(tmp_path)

    assert ["thesis.tex"] == [path.name for path in tmp_path.iterdir()]


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    """A file cannot be a state directory."""
    (tmp_path / "state").write_text("")

    with pytest.raises(InnError, match="is no directory"):
        state.claim(tmp_path / "state")


def test_a_directory_that_others_can_read_is_refused(platform: Platform) -> None:
    """Keys that others may have read are not used on; the error says how to mend it."""
    platform.layout.root.chmod(0o755)

    for attempt in (state.claim, Platform.load):
        with pytest.raises(InnError, match=r"mode 0755.*chmod 700"):
            attempt(platform.layout.root)


def test_a_directory_of_another_user_is_refused(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another user owns is not ours, even when we could read it."""
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)

    with pytest.raises(InnError, match=f"belongs to user id {owner}, you are {owner + 1}"):
        state.claim(platform.layout.root)


@pytest.mark.parametrize(
    "damaged", [b"", b"{", b"[]", b'{"version": 2}', b'{"version": 1, "foreign": true}', b'{"port": "http"}', b"\xff"]
)
def test_a_damaged_record_is_said_and_kept(platform: Platform, damaged: bytes) -> None:
    """A record that is corrupt or of another version is an error with the file, and is not written over."""
    platform.layout.record.write_bytes(damaged)

    with pytest.raises(InnError, match=r"platform\.json.*move the directory away"):
        Platform.load(platform.layout.root)

    assert damaged == platform.layout.record.read_bytes()


def test_no_directory_means_not_running(tmp_path: Path) -> None:
    """Commands that need the platform say that there is none, and make nothing."""
    with pytest.raises(NotRunning, match="innkeeper up"):
        Platform.load(tmp_path / "state")

    assert not (tmp_path / "state").exists()


def test_a_supervisor_is_not_mistaken_for_a_later_process(platform: Platform) -> None:
    """A pid alone proves nothing: it must have been started when the record says."""
    platform.write(supervisor=state.Supervisor(pid=os.getpid(), started="another:1"), ready=True)

    assert not platform.supervised
    with pytest.raises(NotRunning):
        platform.require_running()


def test_a_platform_that_is_still_starting_does_not_count_as_running(platform: Platform) -> None:
    """Commands wait for nobody: before all is ready they are told that it does not run."""
    me = state.Supervisor(pid=os.getpid(), started=identity(os.getpid()) or "")
    platform.write(supervisor=me)
    with pytest.raises(NotRunning):
        platform.require_running()

    platform.write(ready=True)

    assert platform is platform.require_running()


def test_every_path_is_inside_the_directory(tmp_path: Path) -> None:
    """Nothing of a platform lies outside its state directory."""
    layout = Layout(tmp_path)
    paths = [getattr(layout, name) for name in dir(Layout) if isinstance(getattr(Layout, name), property)]

    assert all(path.is_relative_to(tmp_path) for path in paths if isinstance(path, Path))
