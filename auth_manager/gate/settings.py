"""The gate's settings; what each means is in docs/configuration.md."""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic.functional_validators import AfterValidator

from stack_deployer.contract.environment import Environment
from stack_deployer.contract.names import Site, domain_name

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Port = Annotated[int, Field(ge=1, le=65535)]


def _networks(value: Any) -> Any:
    """A comma list of addresses and CIDRs as networks; host bits set are refused, not masked."""
    if not isinstance(value, str):
        return value
    return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())


class GateSettings(Environment):
    """Everything the gate is told from outside; secrets are redacted in repr."""

    domain: Annotated[str, AfterValidator(domain_name)]
    public_scheme: Literal["http", "https"] = "https"
    public_port: Port = 443
    server_host: str = "127.0.0.1"
    server_port: Port = 8080
    trusted_peers: Annotated[tuple[Network, ...], BeforeValidator(_networks)] = ()
    keys_dir: Path
    redis_host: str = "127.0.0.1"
    redis_port: Port = 6379
    redis_username: str | None = None
    redis_password: SecretStr | None = None
    session_timeout_minutes: Annotated[int, Field(ge=1)] = 60
    session_max_hours: Annotated[int, Field(ge=1)] = 12
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    gate_certificate: Path
    gate_certificate_key: Path  # PKCS#8: Granian reads no other form

    @property
    def site(self) -> Site:
        return Site(self.domain, self.public_scheme, self.public_port)
