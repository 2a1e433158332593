"""Numbers of a testbed in DNS (RFC 6116, RFC 3764)."""

from __future__ import annotations

import pytest

from conformance.cores.emulated.enum_zone import enum_delegations, enum_zones, numbers_of, numbers_of_user
from conformance.federation import default_federation_path, load_federation
from conformance.vocabulary.federation import Testbed


@pytest.fixture(scope="module")
def octopus() -> Testbed:
    return load_federation(default_federation_path()).testbeds["octopus"]


def test_each_number_is_a_zone_that_leads_to_the_default_sip_uri(octopus: Testbed) -> None:
    zones = {zone.apex.to_text(): [records.to_text() for records in zone.records] for zone in enum_zones(octopus)}
    soa, ns, naptr = zones["1.0.0.0.0.0.0.0.0.8.5.3.e164.arpa."]
    assert " SOA ns.octopus.netlab.test. " in soa
    assert ns.endswith(" NS ns.octopus.netlab.test.")
    assert naptr.endswith(' NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:carol@octopus.netlab.test!" .')
    assert [records.name.to_text() for records in enum_delegations(octopus)] == list(zones)


def test_two_devices_of_a_user_have_one_number(octopus: Testbed) -> None:
    assert numbers_of(octopus)["+358000000001"] == "sip:carol@octopus.netlab.test"
    assert len(enum_zones(octopus)) == len(numbers_of(octopus)) < len(octopus.subscribers)


def test_a_uri_with_the_usual_mark_in_it_gets_another_one(octopus: Testbed) -> None:
    carol = octopus.subscriber("carol").model_copy(update={"impus": ("sip:c!a@octopus.netlab.test", "tel:+3580")})
    (zone,) = enum_zones(octopus.model_copy(update={"subscribers": (carol,)}))
    assert '"|^.*$|sip:c!a@octopus.netlab.test|"' in zone.records[2].to_text()


@pytest.mark.parametrize("impus", [("sip:a@octopus.netlab.test",), ("tel:+3580",), ("sip:a@b.test", "tel:12")])
def test_who_has_no_number_or_no_sip_uri_is_not_there(octopus: Testbed, impus: tuple[str, ...]) -> None:
    assert numbers_of_user(octopus.subscriber("carol").model_copy(update={"impus": impus})) == []
