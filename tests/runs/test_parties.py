"""Who takes part in a cell."""

from __future__ import annotations

import pytest

from conformance.federation import default_federation_path, load_federation
from conformance.federation.matrix import Callee, Cell
from conformance.runs.parties import called_party, first_party, second_device
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.federation import Federation


@pytest.fixture(scope="module")
def federation() -> Federation:
    return load_federation(default_federation_path())


@pytest.mark.parametrize(("access", "entry"), [("visited", "stuba"), ("home", "uc3m")])
def test_the_access_point_says_whose_pcscf_is_used(federation: Federation, access: str, entry: str) -> None:
    party = first_party(federation, Cell("uc3m", "stuba", access, "alice"))
    assert (party.home.name, party.visited.name, party.entry.name) == ("uc3m", "stuba", entry)
    assert party.subscriber.name == "alice"


@pytest.mark.parametrize(("visited", "access"), [("octopus", "none"), ("uc3m", "visited")])
def test_who_is_called_uses_the_pcscf_where_he_is(federation: Federation, visited: str, access: str) -> None:
    party = called_party(federation, Cell("uc3m", "uc3m", "none", "alice", Callee("octopus", visited, "carol")))
    assert (party.entry.name, party.access_point, party.subscriber.name) == (visited, access, "carol")


def test_where_nobody_is_called_it_is_said_what_is_missing(federation: Federation) -> None:
    with pytest.raises(HarnessFault, match="callee='home'"):
        called_party(federation, Cell("uc3m", "uc3m", "none", "alice"))


def test_the_second_device_is_of_the_same_user_and_may_be_elsewhere(federation: Federation) -> None:
    callee = Callee("uc3m", "uc3m", "alice", "alice-tablet", "stuba")
    square = Cell("uc3m", "uc3m", "none", "erin", callee)
    one, other = called_party(federation, square), second_device(federation, square)
    assert one.subscriber.impus == other.subscriber.impus
    assert (one.entry.name, other.entry.name, other.subscriber.name) == ("uc3m", "stuba", "alice-tablet")
    with pytest.raises(HarnessFault, match="callee='devices'"):
        second_device(federation, square._replace(callee=Callee("uc3m", "uc3m", "alice")))
