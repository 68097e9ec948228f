"""`innkeeper regions`."""

from dataclasses import asdict

from innkeeper.cli import console
from innkeeper.cli.options import AsJson
from stack_deployer.contract.regions import REGIONS


def regions(json: AsJson = False) -> None:
    """List the regions a stack can be placed in; the local engine simulates all of them on this machine."""
    if json:
        console.as_json([asdict(region) | {"engine": "local"} for region in REGIONS])
        return
    console.table(("region", "city", "continent"), [[r.code, r.city, r.continent] for r in REGIONS])
