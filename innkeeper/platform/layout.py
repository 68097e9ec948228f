"""Where everything lies in a state directory."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one platform; `root` is absolute and the platform's alone (0700)."""

    root: Path

    @property
    def record(self) -> Path:
        return self.root / "platform.json"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def redis_password(self) -> Path:
        return self.keys / "redis.password"

    @property
    def ca(self) -> Path:
        return self.root / "ca"

    @property
    def trust(self) -> Path:
        """The directory with nothing in it but the CA's certificate, for SSL_CERT_DIR."""
        return self.ca / "trust"

    @property
    def gate_certificate(self) -> Path:
        return self.ca / "gate.pem"

    @property
    def gate_key(self) -> Path:
        return self.ca / "gate.key"

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    @property
    def redis_conf(self) -> Path:
        return self.redis / "redis.conf"

    @property
    def sql(self) -> Path:
        return self.root / "sql"

    @property
    def database(self) -> Path:
        return self.sql / "innkeeper.db"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.database}"

    @property
    def stacks(self) -> Path:
        return self.root / "stacks"

    @property
    def traefik_yml(self) -> Path:
        return self.root / "traefik" / "traefik.yml"

    @property
    def dynamic(self) -> Path:
        return self.root / "traefik" / "dynamic"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        return self.root / "run"

    def make(self) -> None:
        """Make every directory, 0700; those that exist are left. Raises OSError."""
        for path in (
            self.keys, self.ca, self.trust, self.redis, self.sql, self.stacks, self.traefik_yml.parent, self.dynamic,
            self.logs, self.run,
        ):  # fmt: skip
            path.mkdir(mode=0o700, exist_ok=True)
