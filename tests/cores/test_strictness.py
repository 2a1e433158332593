"""How the emulated core takes a REGISTER that deviates, in its three ways. Addresses: 127.35.0.0/16."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from conformance.cores.emulated.core import EmulatedCore
from conformance.cores.emulated.strictness import altered_kinds, policy_of
from conformance.cores.emulated.zone import zone_of
from conformance.federation import default_federation_path, load_federation
from conformance.quirks.profiles import profile_named
from conformance.stack.hop import Hop
from conformance.terminals.manner import Manner
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import CoreKind, NodeKind, Strictness
from tests.cores.conftest import RegisterRaw
from tests.cores.raw_phone import RawPhone, Way, j2me, standard, symbian

LENIENT, STRICT, OPENIMSCORE = Strictness
GOOD = [401, 200]


@pytest.mark.parametrize("how", [standard, symbian, j2me])
def test_lenient_takes_all(register_raw: RegisterRaw, how: Callable[..., Way]) -> None:
    assert register_raw(LENIENT, how) == GOOD


@pytest.mark.parametrize("strictness", Strictness)
def test_every_core_takes_the_standard(register_raw: RegisterRaw, strictness: Strictness) -> None:
    assert register_raw(strictness, standard) == GOOD


@pytest.mark.parametrize("how", [symbian, j2me])
def test_a_strict_core_finds_no_address_of_the_domain_for_an_explicit_port(
    register_raw: RegisterRaw, how: Callable[..., Way]
) -> None:
    assert register_raw(STRICT, how) == [504]  # RFC 3263 4.2: no SRV where there is a port


@pytest.mark.parametrize("how", [symbian, j2me])
def test_open_ims_core_sends_an_explicit_port_to_itself_until_max_forwards_is_used_up(
    register_raw: RegisterRaw, how: Callable[..., Way]
) -> None:
    assert register_raw(OPENIMSCORE, how) == [483]


def test_a_visited_pcscf_of_another_strictness_finds_its_way(register_raw: RegisterRaw) -> None:
    assert register_raw(OPENIMSCORE, symbian, visited="stuba") == GOOD  # stuba is lenient, and only its P-CSCF resolves


def credentials(**changed: str) -> Way:
    """Return a standard REGISTER with these changes in its first credentials; a None leaves one out."""
    uri = "sip:uc3m.netlab.test"
    values = {
        "username": "alice@uc3m.netlab.test",
        "realm": "uc3m.netlab.test",
        "nonce": "",
        "uri": uri,
        "response": "",
    }
    values |= changed
    return Way(uri, "Digest " + ", ".join(f'{name}="{value}"' for name, value in values.items() if value != "-"))


@pytest.mark.parametrize(
    ("way", "lenient", "strict", "openimscore"),
    [
        (credentials(realm=""), GOOD, [400], GOOD),
        (credentials(realm="elsewhere.test"), GOOD, GOOD, GOOD),
        (credentials(username=""), GOOD, [400], [400]),
        (credentials(uri="-"), GOOD, [400], GOOD),
        (credentials(response=" "), GOOD, [400], GOOD),
        (credentials(username="alice"), [403], [403], [403]),
        (Way("sip:uc3m.netlab.test", None), GOOD, GOOD, GOOD),
        (Way("sip:uc3m.netlab.test", 'Digest username="alice@uc3m.netlab.test, realm="uc3m'), [400], [400], GOOD),
    ],
    ids=["no-realm", "other-realm", "no-name", "no-uri", "blank", "short-name", "no-authorization", "stray-quote"],
)
def test_what_becomes_of_credentials_that_deviate(
    register_raw: RegisterRaw, way: Way, lenient: list[int], strict: list[int], openimscore: list[int]
) -> None:
    assert register_raw(LENIENT, way) == lenient
    assert register_raw(STRICT, way) == strict
    assert register_raw(OPENIMSCORE, way) == openimscore


def test_open_ims_core_refuses_where_the_identity_derived_from_to_is_nobodys(register_raw: RegisterRaw) -> None:
    way = credentials(realm="")
    assert register_raw(LENIENT, way, impu=1) == GOOD
    assert register_raw(OPENIMSCORE, way, impu=1) == [403]


@pytest.mark.parametrize(("strictness", "qop"), [(LENIENT, "auth"), (OPENIMSCORE, "auth-int")])
def test_a_terminal_that_prefers_auth_int_uses_it_where_it_is_offered(
    core: EmulatedCore, hosts: Iterator[int], strictness: Strictness, qop: str
) -> None:
    core.set_strictness("uc3m", strictness)
    testbed = core.federation.testbeds["uc3m"]
    node, known = testbed.node(NodeKind.PCSCF), testbed.subscriber("alice")
    way, address = standard(testbed, known.impi), str(testbed.access_networks[0].pool[next(hosts)])
    manner = Manner.of(profile_named("standard+Q10"))
    with RawPhone(testbed, known, address, Hop(str(node.address), node.port), manner) as phone:
        assert phone.register(way) == GOOD
        assert f"qop={qop}," in phone.sent[-1]
        assert phone.register(way, expires=0)[-1] == 200


def test_it_is_changed_within_a_second_and_only_where_it_differs(core: EmulatedCore) -> None:
    core.set_strictness("uc3m", LENIENT)
    before = {kind: core.pid(f"uc3m/{kind}") for kind in (NodeKind.PCSCF, NodeKind.DNS, NodeKind.HSS)}
    core.set_strictness("uc3m", LENIENT)
    assert {kind: core.pid(f"uc3m/{kind}") for kind in before} == before
    began = time.monotonic()
    core.set_strictness("uc3m", STRICT)
    took = time.monotonic() - began
    after = {kind: core.pid(f"uc3m/{kind}") for kind in before}
    assert [kind for kind in before if after[kind] != before[kind]] == [NodeKind.PCSCF]
    assert core.check() == {}
    assert took < 3.0  # a third of a second where nothing else runs
    core.set_strictness("uc3m", OPENIMSCORE)
    assert core.pid("uc3m/dns") != before[NodeKind.DNS]  # its zone has an address more
    assert core.federation.testbeds["uc3m"].strictness is OPENIMSCORE


def test_only_an_emulated_core_can_be_told() -> None:
    federation = load_federation(default_federation_path())
    with pytest.raises(BadInput, match="core kamailio is as it is"):
        altered_kinds(federation.played_by(CoreKind.KAMAILIO), "uc3m", STRICT)
    with pytest.raises(BadInput, match="expected one of uc3m, stuba, octopus"):
        altered_kinds(federation, "utu", STRICT)
    assert altered_kinds(federation.played_by(CoreKind.KAMAILIO), "uc3m", LENIENT) == []


def test_the_domain_itself_has_an_address_in_one_zone_alone() -> None:
    testbed = load_federation(default_federation_path()).testbeds["uc3m"]
    for strictness in Strictness:
        records = zone_of(testbed.model_copy(update={"strictness": strictness})).records
        of_domain = {r.rdtype.name for r in records if r.name.to_text() == "uc3m.netlab.test."}
        assert ("A" in of_domain) is (strictness is OPENIMSCORE) is policy_of(strictness).domain_has_address
