"""Commands that need stacks alone: render, template check, worker. The `innkeeper` CLI mounts the first two."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from stack_deployer.contract import environment
from stack_deployer.contract.names import NameRefused, Site, domain_name, slug, stack_hosts, stack_name
from stack_deployer.errors import Held, PolicyRefused, TemplateRefused

app = typer.Typer(help="Stacks: templates and the worker.", no_args_is_help=True, add_completion=False)
templates = typer.Typer(help="Check templates.", no_args_is_help=True)
app.add_typer(templates, name="template")

Template = Annotated[
    Path, typer.Argument(metavar="DIR", help="The template's directory, with stack.yml and compose.yml.j2.")
]


@templates.command("check")
def check(directory: Template) -> None:
    """Say what is wrong with a template, path first; exit 0 when nothing is."""
    from stack_deployer.template import check as checking

    _look_up(directory)
    try:
        checking.check(directory)
    except (TemplateRefused, PolicyRefused) as error:
        raise _fail(error.faults, 1) from None
    typer.echo(f"{directory}: fine")


@app.command()
def render(
    directory: Template,
    user: Annotated[str, typer.Option(help="The user's handle.")] = "user1",
    tenant: Annotated[str, typer.Option(help="The tenant's slug.")] = "tenant1",
    domain: Annotated[str, typer.Option(help="The platform's domain.")] = "example.com",
) -> None:
    """Print the Compose file that a template makes, for a sample stack of that user."""
    from stack_deployer.template import blueprint, policy
    from stack_deployer.template import render as rendering
    from stack_deployer.template.check import SAMPLE, placed

    _look_up(directory)
    try:
        name = stack_name(slug(user, "user"), slug(tenant, "tenant"))
        site = Site(domain_name(domain))
    except NameRefused as error:
        typer.secho("error: ", fg=None if "NO_COLOR" in os.environ else "red", bold=True, nl=False, err=True)
        raise _fail([str(error)], 2) from None
    facts = replace(SAMPLE, name=name, user=user, tenant=tenant, hosts=stack_hosts(name, domain), site=site)
    try:
        with placed(directory):
            plan = blueprint.read(directory)
            rendered = rendering.render(directory, rendering.values(facts, plan))
            policy.check(rendered.document, facts, plan)
    except (TemplateRefused, PolicyRefused) as error:
        raise _fail(error.faults, 1) from None
    typer.echo(rendered.text, nl=False)


@app.command()
def worker() -> None:
    """Run the worker until a signal ends it; settings come from the environment."""
    from stack_deployer.settings import WorkerSettings
    from stack_deployer.worker import serve

    try:
        settings = environment.read(WorkerSettings)
    except environment.BadSettings as error:
        raise _fail(error.lines, 1) from None
    serve.log_to_stderr(settings.log_level)
    try:
        asyncio.run(serve.serve(settings))
    except (Held, OSError) as error:
        raise _fail([f"the worker cannot start: {error}"], 1) from None


def _look_up(directory: Path) -> None:
    if not directory.is_dir():
        raise _fail([f"{directory}: there is no such directory"], 3)


def _fail(lines: list[str] | tuple[str, ...], code: int) -> typer.Exit:
    for line in lines:
        typer.echo(line, err=True)
    return typer.Exit(code)
