"""What each step does. Every one may be killed at any point and be done again."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from stack_deployer.contract.wanted import Wanted
from stack_deployer.errors import StepFailed
from stack_deployer.plan import Exposure, Record, StepName
from stack_deployer.publish import routes
from stack_deployer.reconcile.grounds import Grounds
from stack_deployer.template import blueprint, policy, render

Act = Callable[[Grounds, Wanted, Record], Awaitable[Record]]

WORDS: dict[StepName, str] = {
    "directory": "Making the stack's directory",
    "secrets": "Making its secrets",
    "render": "Rendering its template",
    "start": "Starting its services",
    "health": "Waiting until its services are healthy",
    "route": "Publishing its addresses",
    "withdraw": "Taking its addresses back",
    "stop": "Stopping its services",
    "delete": "Deleting its files",
}


def new_record(stack: Wanted) -> Record:
    """The record of a stack nothing is done of yet."""
    return Record(
        id=stack.id, name=stack.name, user_id=stack.user_id, user=stack.user, tenant=stack.tenant,
        region=stack.region, template=stack.template, hosts=stack.hosts,
    )  # fmt: skip


async def _directory(grounds: Grounds, stack: Wanted, record: Record) -> Record:
    directory = grounds.directory(stack)
    directory.make()
    directory.write_keys(grounds.jwks.read_bytes())
    return record


async def _secrets(grounds: Grounds, stack: Wanted, record: Record) -> Record:
    """Fill in the secrets that are missing, and write the founding names for people and programs."""
    directory = grounds.directory(stack)
    names = blueprint.read(grounds.template(stack.template)).secrets
    directory.make_secrets(names)
    values = {
        "USER_ID": stack.user, "TENANT_ID": stack.tenant, "STACK_NAME": stack.name,
        "DOMAIN_NAME": grounds.site.domain, "DB_USER": "app", "DB_NAME": "app",
    }  # fmt: skip
    directory.write_env(values | {name.upper(): secret for name, secret in directory.secrets().items()})
    return record


async def _render(grounds: Grounds, stack: Wanted, record: Record) -> Record:
    template, facts = grounds.template(stack.template), grounds.facts(stack)
    plan = blueprint.read(template)
    rendered = render.render(template, render.values(facts, plan))
    policy.check(rendered.document, facts, plan)
    directory = grounds.directory(stack)
    directory.write_compose(rendered.text)
    grounds.engine.check(grounds.deployment(stack))
    exposure = Exposure(
        services=tuple(route.service for route in plan.routes),
        public=tuple(plan.public),
        origins=tuple(plan.origins),
        headers=plan.headers,
    )
    generation = record.generation + (rendered.digest != record.template_digest)
    return replace(record, template_digest=rendered.digest, generation=generation, exposure=exposure)


async def _start(grounds: Grounds, stack: Wanted, record: Record) -> Record:
    await grounds.engine.start(grounds.deployment(stack))
    return record


async def _health(grounds: Grounds, stack: Wanted, record: Record) -> Record:
    await grounds.engine.healthy(grounds.deployment(stack))
    return record


async def _route(grounds: Grounds, stack: Wanted, record: Record) -> Record:
    """Traefik first, the gate second: whoever is let in finds somebody there."""
    try:
        urls = grounds.urls(stack, record.exposure)
    except KeyError as error:
        raise StepFailed("route", f"service {error} has no address") from None
    grounds.overrides.write(stack.id, stack.hosts, urls)
    await grounds.overrides.shown(stack.id, urls)
    await grounds.routes.write(routes.of(stack, record.exposure, as_state="running"))
    return record


async def _withdraw(grounds: Grounds, stack: Wanted, record: Record) -> Record:
    """The gate first: from here on nobody is let in, then Traefik leads nobody there."""
    await grounds.routes.write(routes.of(stack, record.exposure))
    grounds.overrides.drop(stack.id)
    await grounds.overrides.gone(stack.id, len(stack.hosts))
    return record


async def _stop(grounds: Grounds, stack: Wanted, record: Record) -> Record:
    await grounds.engine.stop(stack.id)
    return record


async def _delete(grounds: Grounds, stack: Wanted, record: Record) -> Record:
    await grounds.engine.remove(stack.id)
    grounds.directory(stack).delete()
    return record


ACTS: dict[StepName, Act] = {
    "directory": _directory, "secrets": _secrets, "render": _render, "start": _start, "health": _health,
    "route": _route, "withdraw": _withdraw, "stop": _stop, "delete": _delete,
}  # fmt: skip
