"""Pages out of templates: everything escaped, a strict policy, never kept by a cache."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from stack_deployer.contract.names import Site
from stack_deployer.contract.regions import REGIONS, Region

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
)

STATES = {
    "requested": "Waiting to be built", "deploying": "Being built", "running": "Running", "sleeping": "Asleep",
    "waking": "Waking up", "updating": "Updating", "stopped": "Stopped", "quarantined": "In quarantine",
    "failed": "Failed", "removing": "Being removed", "removed": "Removed",
}  # fmt: skip


class Pages:
    """Renders the templates of `directory`; its `static/` is served beside them."""

    def __init__(self, directory: Path, site: Site) -> None:
        self.static = directory / "static"
        self._templates = Environment(
            loader=FileSystemLoader(directory), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True, auto_reload=False,
        )  # fmt: skip
        self._versions = {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:12] for file in self.static.iterdir()
        }
        self._templates.globals.update(
            continents=_by_continent(REGIONS),
            cities={region.code: region.city for region in REGIONS},
            # The embedded platform lives on this machine alone: *.localhost leads nowhere else (RFC 6761, 6.3).
            simulated=site.domain.endswith(".localhost"),
            state_names=STATES,
            domain=site.domain,
            origin=site.origin,
            static=self._static_url,
        )

    def render(
        self,
        name: str,
        status: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
        form_targets: Iterable[str] = (),
        **values: Any,
    ) -> HTMLResponse:
        """The page of `<name>.html`; `form_targets` are origins a form may lead to besides our own."""
        text = self._templates.get_template(f"{name}.html").render({"user": None} | values)
        policy = POLICY.format(targets=" ".join(("'self'", *form_targets)))
        return HTMLResponse(text, status, {"Content-Security-Policy": policy} | dict(headers or {}))

    def _static_url(self, name: str) -> str:
        """A URL that changes with the file's content, so that browsers may keep the file."""
        return f"/static/{name}?v={self._versions[name]}"


def _by_continent(regions: Iterable[Region]) -> dict[str, list[Region]]:
    continents: dict[str, list[Region]] = {}
    for region in regions:
        continents.setdefault(region.continent, []).append(region)
    return continents
