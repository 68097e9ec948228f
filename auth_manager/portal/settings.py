"""The portal's settings; what each means is in docs/configuration.md."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from auth_manager.portal.peers import Network, networks
from stack_deployer.contract.environment import Environment
from stack_deployer.contract.names import Site, domain_name

Port = Annotated[int, Field(ge=1, le=65535)]
AtLeastOne = Annotated[int, Field(ge=1)]


def _networks(value: Any) -> Any:
    return networks(value) if isinstance(value, str) else value


class PortalSettings(Environment):
    """Everything the portal is told from outside; secrets are redacted in repr."""

    domain: Annotated[str, AfterValidator(domain_name)]
    public_scheme: Literal["http", "https"] = "https"
    public_port: Port = 443
    portal_host: str = "127.0.0.1"
    portal_port: Port = 8401
    trusted_peers: Annotated[tuple[Network, ...], BeforeValidator(_networks)] = ()
    keys_dir: Path
    redis_host: str = "127.0.0.1"
    redis_port: Port = 6379
    redis_username: str | None = None
    redis_password: SecretStr | None = None
    database_url: SecretStr
    session_timeout_minutes: AtLeastOne = 60
    session_max_hours: AtLeastOne = 12
    token_expiry_days: AtLeastOne = 365
    templates_dir: Path = Path("templates")
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def site(self) -> Site:
        """Where people reach the platform."""
        return Site(self.domain, self.public_scheme, self.public_port)
