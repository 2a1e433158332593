"""The profile that a terminal resembles most."""

from __future__ import annotations

import pytest

from conformance.identification.nearest import nearest
from conformance.identification.signs import shown, undecided
from conformance.quirks.profiles import profile_named, profile_names
from tests.identification.lab import drive


@pytest.mark.parametrize("name", [name for name in profile_names() if not profile_named(name).impossible])
@pytest.mark.parametrize("qop", ["auth", "auth,auth-int", None])
def test_each_profile_is_nearest_to_itself(name: str, qop: str | None) -> None:
    terminal = drive(name, qop=qop)
    found = nearest([one.quirk.id for one in shown(terminal)], undecided(terminal))
    assert (found.profile.name, found.more, found.less) == (name, (), ())


def test_nothing_in_common_is_nearest_to_the_standard() -> None:
    found = nearest(["Q17"], ())
    assert (found.profile.name, found.more, found.less) == ("standard", ("Q17",), ())


def test_the_difference_is_told() -> None:
    ids = profile_named("uct").ids - {"U3"} | {"Q9"}
    found = nearest(ids, ())
    assert (found.profile.name, found.more, found.less) == ("uct", ("Q9",), ("U3",))
