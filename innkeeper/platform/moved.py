"""When people reach the platform under another address than before: stacks are told theirs when they are rendered."""

from innkeeper.platform.state import Platform
from stack_deployer.contract import wanted
from stack_deployer.directory import StackDirectory
from stack_deployer.engines.processes import Processes


async def render_again(platform: Platform, processes: Processes) -> None:
    """Have every stack rendered again by the next worker when the portal's origin is not what it was.

    A kill half-way leaves the old origin on record, and the next `up` does it all again. Raises DirectoryCorrupt,
    OSError, SQLAlchemyError.
    """
    origin = platform.site.portal
    if platform.record.rendered_for not in (None, origin):
        await processes.stop("worker")  # one that outlived its supervisor would render for the old address
        async with platform.connected() as inn, inn.engine.connect() as conn:
            stacks = await wanted.live(conn)
        for stack in stacks:
            directory = StackDirectory(platform.layout.stacks, stack.id, stack.name)
            record = directory.record()
            if record is not None:
                directory.write_record(record.begin("render"))
    if platform.record.rendered_for != origin:
        platform.write(rendered_for=origin)
