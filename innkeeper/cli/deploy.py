"""`innkeeper deploy`: a stack for a user in a tenant, from nothing to open doors."""

import sys
from typing import Annotated, Any

import typer

from auth_manager.users import deploy as wishes
from innkeeper.cli import console
from innkeeper.cli.options import DEFAULT_STATE, AsJson, State, wait_for
from innkeeper.platform import describe, doors, follow, furnish, steps
from innkeeper.platform.errors import InnError, Refused
from innkeeper.platform.state import Platform
from stack_deployer.contract.wanted import Wanted
from stack_deployer.plan import DEPLOY

_ACTOR = "innkeeper deploy"
_DOORS = "doors"
_DOORS_WITHIN = 15.0  # seconds

User = Annotated[str, typer.Argument(help="Handle of the user; made when missing.")]
Tenant = Annotated[str, typer.Argument(help="Slug of the tenant; made when missing.")]
Domain = Annotated[str | None, typer.Argument(help="Domain of the platform, for scripts that name it.")]
Region = Annotated[str | None, typer.Option("--region", help="Where it is placed; another region is another stack.")]
Template = Annotated[str | None, typer.Option("--template", help="What is deployed; another one is another stack.")]


def deploy(
    user: User,
    tenant: Tenant,
    domain: Domain = None,
    region: Region = None,
    template: Template = None,
    state: State = DEFAULT_STATE,
    json: AsJson = False,
) -> None:
    """Give a user a running stack in a tenant, and wait until its doors are open to that user alone.

    Makes the user, the tenant and the membership when they are missing. Prints the URLs and a sign-in link for one use.
    """
    platform = Platform.load(state).require_running()
    if domain not in (None, platform.record.domain):
        raise Refused(f"this platform serves the domain {platform.record.domain!r}, not {domain!r}")
    if template is not None and template not in describe.templates():
        raise Refused(f"there is no template {template!r}; there are: {', '.join(describe.templates())}")
    stack, created = wait_for(_want(platform, user, tenant, region, template))
    already = not created and (stack.wanted, stack.status) == ("running", "running")
    with console.steps((_DOORS,) if already else (*DEPLOY, _DOORS)) as tell:
        found = wait_for(_deploy(platform, stack, tell)) | {"created": created}
    if already:
        console.say(f"{stack.name} is already running")
    if json:
        console.as_json(found)
        return
    for url in found["urls"]:
        console.line(url)
    console.sign_in(user, found["sign_in_link"])


async def _want(
    platform: Platform, user: str, tenant: str, region: str | None, template: str | None
) -> tuple[Wanted, bool]:
    async with platform.connected() as inn:
        wish = await wishes.want_stack(
            inn.engine, user=user, tenant=tenant, region=region, template=template,
            domain=platform.record.domain, actor=_ACTOR,
        )  # fmt: skip
        await follow.ring(inn.redis)
        return wish


async def _deploy(platform: Platform, stack: Wanted, tell: steps.Tell) -> dict[str, Any]:
    async with platform.connected() as inn:
        stack = await follow.follow(platform, inn, stack, tell)
        with steps.step(_DOORS, tell):
            faults = await doors.try_doors(inn, stack, within=_DOORS_WITHIN)
            if faults:
                raise InnError(f"{stack.name} runs, but its doors are not as they should be:\n" + "\n".join(faults))
        link = await furnish.sign_in_link(inn, stack.user)
        return stack.as_json() | {"urls": describe.urls(platform, stack), "sign_in_link": link}


def run_script() -> None:
    """`deploy-user-stack USER TENANT DOMAIN` is `innkeeper deploy` under its founding name."""
    from innkeeper.cli.main import main

    sys.exit(main(["deploy", *sys.argv[1:]]))
