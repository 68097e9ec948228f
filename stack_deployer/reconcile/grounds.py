"""What the steps stand on: where things are, and who does what."""

from dataclasses import dataclass
from pathlib import Path

from stack_deployer.contract.names import Site
from stack_deployer.contract.wanted import Wanted
from stack_deployer.directory import StackDirectory
from stack_deployer.engines.engine import Deployment, Engine
from stack_deployer.errors import DirectoryCorrupt
from stack_deployer.plan import Exposure
from stack_deployer.publish.overrides import Overrides
from stack_deployer.publish.routes import Routes
from stack_deployer.template.render import Facts


@dataclass(frozen=True, slots=True)
class Grounds:
    """Directories, the site and the collaborators; `jwks`: file of the public keys for the apps."""

    stacks_dir: Path
    templates_dir: Path
    jwks: Path
    installation: str
    site: Site
    engine: Engine
    routes: Routes
    overrides: Overrides

    def directory(self, stack: Wanted) -> StackDirectory:
        return StackDirectory(self.stacks_dir, stack.id, stack.name)

    def template(self, name: str) -> Path:
        return self.templates_dir / "stacks" / name

    def facts(self, stack: Wanted) -> Facts:
        """What the template may know of the stack."""
        return Facts(
            id=stack.id, name=stack.name, user_id=stack.user_id, user=stack.user, tenant=stack.tenant,
            region=stack.region, hosts=stack.hosts, installation=self.installation, site=self.site,
        )  # fmt: skip

    def deployment(self, stack: Wanted) -> Deployment:
        """The stack as it was rendered last; raises DirectoryCorrupt."""
        return Deployment(stack.id, stack.name, self.directory(stack).services())

    def exposure(self, stack: Wanted) -> Exposure:
        """What the stack's record says of its routes; nothing, when there is none that can be read."""
        try:
            record = self.directory(stack).record()
        except (DirectoryCorrupt, OSError):
            return Exposure()
        return record.exposure if record else Exposure()

    def urls(self, stack: Wanted, exposure: Exposure) -> list[str]:
        """The server of each host, in their order; raises KeyError for a service without a place yet."""
        backends = self.engine.backends(self.deployment(stack))
        return [backends[service].url for service in exposure.services]
