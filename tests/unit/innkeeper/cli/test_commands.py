"""The commands, run as an operator runs them, against a running platform."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from innkeeper.cli.main import main
from stack_deployer.contract.regions import REGIONS
from tests.scenarios.conftest import INNKEEPER, PASSWORD, Inn

ROOT = Path(__file__).parents[4]
CONSOLE_SCRIPT = Path(INNKEEPER).with_name("deploy-user-stack")

pytestmark = pytest.mark.platform


class Told(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def tell(inn: Inn, capfd: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Runs a command in this very process: starting Python for each would take longer than all commands."""

    def run(*words: str) -> Told:
        capfd.readouterr()
        code = main([*words, *(() if words[0] in ("regions", "nonsense") else ("--state", str(inn.state)))])
        return Told(code, *capfd.readouterr())

    return run


@pytest.fixture
def told(tell: Callable[..., Told]) -> Callable[..., Any]:
    """What a command that succeeds prints for programs."""

    def run(*words: str) -> Any:
        done = tell(*words, "--json")
        assert 0 == done.code, done.err
        return json.loads(done.out)

    return run


def test_deploy_ends_with_open_doors_for_one_user(inn: Inn, told: Callable[..., Any]) -> None:
    """Deploy makes user, tenant and stack, and its link leads that user in on both hosts, nobody else."""
    stack = told("deploy", "user1", "tenant1", "inn.localhost")

    assert ("user1-tenant1", "running", True) == (stack["name"], stack["state"], stack["created"])
    assert ["user1-tenant1.inn.localhost", "api-user1-tenant1.inn.localhost"] == stack["hosts"]
    assert {"done"} == {step["state"] for step in stack["steps"]}
    with inn.visitor() as visitor, inn.visitor() as stranger:
        visitor.submit(visitor.visit(stack["sign_in_link"]), {})
        assert [200, 200] == [visitor.visit(url).status_code for url in stack["urls"]]
        assert {"/sign-in"} == {stranger.visit(url).url.path for url in stack["urls"]}


def test_a_second_deploy_is_the_same_stack(told: Callable[..., Any]) -> None:
    """Without options the stack there is stays; another region is another stack."""
    first = told("deploy", "user2", "tenant1")

    second = told("deploy", "user2", "tenant1")
    other = told("deploy", "user2", "tenant1", "--region", "fra")

    assert (first["id"], False) == (second["id"], second["created"])
    assert ("user2-tenant1-fra", "fra", True) == (other["name"], other["region"], other["created"])


def test_a_stack_stops_starts_and_goes(inn: Inn, tell: Callable[..., Told], told: Callable[..., Any]) -> None:
    """Each command ends when the stack is there; a removed one leaves no file and frees its name."""
    first = told("deploy", "user3", "tenant1")

    assert "stopped" == told("stacks", "stop", "user3-tenant1")["state"]
    assert [] == told("stacks", "plan", "user3-tenant1")
    assert "running" == told("stacks", "start", "user3-tenant1")["state"]
    unasked = tell("stacks", "remove", "user3-tenant1")
    assert (1, True) == (unasked.code, "nothing was removed" in unasked.err)
    assert "removed" == told("stacks", "remove", "user3-tenant1", "--yes")["state"]
    assert 3 == tell("stacks", "show", "user3-tenant1").code
    assert not [path for path in (inn.state / "stacks").rglob("*") if first["id"] in path.name or "user3" in path.name]
    assert told("deploy", "user3", "tenant1")["id"] != first["id"]


def test_stacks_are_shown_alike_everywhere(tell: Callable[..., Told], told: Callable[..., Any]) -> None:
    """List, show and status tell the same of a stack, by name or id."""
    (demo,) = [stack for stack in told("stacks", "list") if stack["name"] == "demo"]

    assert demo == told("stacks", "show", "demo") == told("stacks", "show", demo["id"])
    assert demo in told("status")["stacks"]
    assert "demo" in tell("stacks", "list").out
    assert demo["id"] in tell("stacks", "show", "demo").out


def test_logs_are_those_of_the_stack(tell: Callable[..., Told]) -> None:
    """The last lines of all services, of one service, and not of one that does not exist."""
    assert "dashboard | " in tell("stacks", "logs", "demo").out
    assert 2 == len(tell("stacks", "logs", "demo", "dashboard", "--lines", "2").out.splitlines())
    missing = tell("stacks", "logs", "demo", "../../keys")
    assert 3 == missing.code
    assert "dashboard" in missing.err


def test_a_user_signs_in_with_the_password_given(inn: Inn) -> None:
    """A password from standard input is the one to sign in with, and is shown nowhere."""
    ran = inn.run("users", "add", "gina", "--email", "Gina@Example.com", "--password-stdin", stdin=f"{PASSWORD}\n")

    with inn.visitor() as visitor:
        assert "/" == visitor.sign_in("gina@example.com", PASSWORD).url.path
    assert PASSWORD not in ran.stdout + ran.stderr


def test_a_token_is_a_way_in_until_its_user_is_disabled(inn: Inn, told: Callable[..., Any]) -> None:
    """A login token is exchanged for a session; disabling its user ends both at once."""
    told("deploy", "robot", "robot")
    token = told("users", "token", "robot", "--days", "7")["token"]
    login = f"{inn.site.portal}/api/auth/login"
    with inn.visitor() as visitor:
        assert 200 == visitor.post(login, json={"token": token}).status_code
        assert 200 == inn.inside(visitor, "robot").status_code

        assert told("users", "disable", "robot")["disabled"]

        assert "auth.inn.localhost" == inn.inside(visitor, "robot").url.host
        assert 401 == visitor.post(login, json={"token": token}).status_code


def test_a_disabled_user_gets_nothing_more(tell: Callable[..., Told], told: Callable[..., Any]) -> None:
    """Neither token nor stack is made for a user who may come in no more: exit code 1, and it says why."""
    told("users", "add", "hugo")
    told("users", "disable", "hugo")

    for ran in (tell("users", "token", "hugo"), tell("deploy", "hugo", "tenant1")):
        assert (1, "error: the user 'hugo' is disabled\n", "") == (ran.code, ran.err, ran.out)


def test_what_runs_already_is_said_to(tell: Callable[..., Told]) -> None:
    """Deploying or starting a running stack shows no steps that nobody takes."""
    for words in (("deploy", "demo", "demo"), ("stacks", "start", "demo")):
        ran = tell(*words)
        assert "demo is already running" in ran.err
        assert "directory" not in ran.err


def test_users_are_listed(told: Callable[..., Any]) -> None:
    """The list has the operator and the demo user, and no secret of theirs."""
    users = {user["handle"]: user for user in told("users", "list")}

    assert users["admin"]["operator"]
    assert not users["demo"]["operator"]
    assert {"id", "handle", "email", "operator", "disabled"} == set(users["demo"])


def test_regions_are_the_catalogue(told: Callable[..., Any]) -> None:
    """All nine regions are listed, each with the engine that simulates it here."""
    assert [region.code for region in REGIONS] == [region["code"] for region in told("regions")]


@pytest.mark.parametrize(
    ("code", "names", "words"),
    [
        (2, "deploy Bad tenant1", "user 'Bad'"),
        (2, "deploy user1 api", "reserved"),
        (2, "deploy api-x tenant1", "api-"),
        (2, f"deploy {'a' * 31} tenant1", "longer than 30"),
        (2, f"deploy {'a' * 30} {'b' * 30}", "too long for a host"),
        (2, "deploy usér tenant1", "user 'usér'"),
        (2, "deploy user1 tenant1 other.example", "inn.localhost"),
        (2, "deploy user1 tenant1 --region xyz", "iad, ord"),
        (2, "deploy user1 tenant1 --template nope", "hello"),
        (2, "users add x --password-stdin", "--email"),
        (2, "users add x --email nobody", "email"),
        (2, "nonsense", "No such command"),
        (2, "stacks show", "Missing argument"),
        (3, "stacks show nobody", "no stack 'nobody'"),
        (3, "stacks stop nobody", "no stack 'nobody'"),
        (3, "stacks remove nobody", "no stack 'nobody'"),
        (2, "users add Bad", "the handle must be lower-case"),
        (3, "users token nobody", "no user 'nobody'"),
        (4, "users add demo", "taken"),
        (4, "deploy user1 demo", "demo"),
    ],
)
def test_what_is_refused_is_named_with_its_exit_code(
    tell: Callable[..., Told], told: Callable[..., Any], code: int, names: str, words: str
) -> None:
    """A refusal is one clear error with the exit code of its kind, without a traceback, and nothing is made."""
    before = told("users", "list"), told("stacks", "list")

    ran = tell(*names.split())

    assert code == ran.code, ran.err
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert "" == ran.out
    assert before == (told("users", "list"), told("stacks", "list"))


def test_names_that_join_to_one_are_a_clash(tell: Callable[..., Told], told: Callable[..., Any]) -> None:
    """`a-b` in `c` and `a` in `b-c` would have one host: the second is refused, the first named."""
    told("deploy", "a-b", "c")

    ran = tell("deploy", "a", "b-c")

    assert 4 == ran.code
    assert "'a-b'" in ran.err
    assert "'c'" in ran.err


@pytest.mark.parametrize("script", [ROOT / "scripts/deploy-user-stack.sh", CONSOLE_SCRIPT])
def test_deploying_has_its_founding_name(inn: Inn, script: Path) -> None:
    """`deploy-user-stack USER TENANT DOMAIN` deploys, from any directory, and prints URLs and a link."""
    env = {"PATH": os.environ["PATH"], "INNKEEPER_STATE": str(inn.state)}
    argv = [str(script), "user9", "tenant9", "inn.localhost"]

    ran = subprocess.run(argv, cwd=inn.state, env=env, capture_output=True, text=True, check=False)

    assert 0 == ran.returncode, ran.stderr
    urls = [inn.url("user9-tenant9"), inn.url("api-user9-tenant9")]
    assert urls == ran.stdout.splitlines()[:2]
    assert ran.stdout.splitlines()[2].startswith("sign in as user9 (good once, for one hour): http://auth.inn.")
