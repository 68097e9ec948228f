"""The catalogue of regions a stack can be placed in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """A placement label: `code` as used in names and options, the city and continent for people."""

    code: str
    city: str
    continent: str


REGIONS: tuple[Region, ...] = (
    Region("iad", "Ashburn, Virginia", "North America"),
    Region("ord", "Chicago, Illinois", "North America"),
    Region("lax", "Los Angeles, California", "North America"),
    Region("lhr", "London", "Europe"),
    Region("ams", "Amsterdam", "Europe"),
    Region("fra", "Frankfurt", "Europe"),
    Region("syd", "Sydney", "Asia Pacific"),
    Region("nrt", "Tokyo", "Asia Pacific"),
    Region("sin", "Singapore", "Asia Pacific"),
)
CODES = frozenset(region.code for region in REGIONS)
DEFAULT = "iad"


class UnknownRegion(ValueError):
    """A region that is not in the catalogue."""


def region(code: str) -> Region:
    """The region of that code; raises UnknownRegion naming the ones there are."""
    for known in REGIONS:
        if known.code == code:
            return known
    raise UnknownRegion(f"region {code!r} is not one of {', '.join(r.code for r in REGIONS)}")
