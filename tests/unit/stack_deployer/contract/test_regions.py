"""The catalogue of regions."""

import pytest

from stack_deployer.contract.regions import CODES, DEFAULT, REGIONS, UnknownRegion, region


def test_there_are_nine_on_three_continents() -> None:
    """The catalogue is the one promised, each code once."""
    assert [known.code for known in REGIONS] == ["iad", "ord", "lax", "lhr", "ams", "fra", "syd", "nrt", "sin"]
    assert {"North America", "Europe", "Asia Pacific"} == {known.continent for known in REGIONS}


def test_the_default_is_in_the_catalogue() -> None:
    """Who chooses no region gets one there is."""
    assert DEFAULT in CODES


@pytest.mark.parametrize("known", REGIONS)
def test_a_region_is_found_by_its_code(known: object) -> None:
    """Every code gives its own region."""
    assert known in [region(code) for code in CODES]


@pytest.mark.parametrize("code", ["", "FRA", "mars", "fra "])
def test_an_unknown_region_is_refused_with_the_known(code: str) -> None:
    """The error names what there is to choose from."""
    with pytest.raises(UnknownRegion, match="iad, ord, lax, lhr, ams, fra, syd, nrt, sin"):
        region(code)
