import dns.name
import dns.rdatatype
import pytest

from conformance.cores.emulated.zone import Outcome, delegation_of, root_zone, zone_of
from conformance.federation import default_federation_path, load_federation
from conformance.vocabulary.federation import Testbed


@pytest.fixture(scope="module")
def uc3m() -> Testbed:
    return load_federation(default_federation_path()).testbeds["uc3m"]


def ask(testbed: Testbed, name: str, kind: str) -> tuple[Outcome, list[str], list[str]]:
    found = zone_of(testbed).lookup(dns.name.from_text(name), dns.rdatatype.from_text(kind))
    return (
        found.outcome,
        [record.to_text() for records in found.answer for record in records],
        [f"{records.name.to_text(True)} {dns.rdatatype.to_text(records.rdtype)}" for records in found.additional],
    )


def test_naptr_srv_and_address_lead_to_the_icscf(uc3m: Testbed) -> None:
    """RFC 3263 4.1: flags "s", services SIP+D2U and SIP+D2T; the additional section saves the client two questions."""
    outcome, naptr, additional = ask(uc3m, "uc3m.netlab.test", "NAPTR")
    assert outcome is Outcome.FOUND
    assert naptr == [
        '10 50 "s" "SIP+D2U" "" _sip._udp.uc3m.netlab.test.',
        '20 50 "s" "SIP+D2T" "" _sip._tcp.uc3m.netlab.test.',
    ]
    assert additional == [
        "_sip._udp.uc3m.netlab.test SRV",
        "_sip._tcp.uc3m.netlab.test SRV",
        "icscf.uc3m.netlab.test A",
    ]
    for transport in ("udp", "tcp"):
        _, srv, additional = ask(uc3m, f"_sip._{transport}.uc3m.netlab.test", "SRV")
        assert srv == ["10 100 5060 icscf.uc3m.netlab.test."]
        assert additional == ["icscf.uc3m.netlab.test A"]
    assert ask(uc3m, "icscf.uc3m.netlab.test", "A")[1] == ["127.1.1.12"]


def test_every_node_has_its_address(uc3m: Testbed) -> None:
    for kind, node in uc3m.nodes.items():
        assert ask(uc3m, uc3m.fqdn(kind), "A")[1] == [str(node.address)]


def test_names_are_the_same_in_capitals(uc3m: Testbed) -> None:
    assert ask(uc3m, "ICSCF.UC3M.NetLab.test", "A")[1] == ["127.1.1.12"]


def test_soa_and_ns(uc3m: Testbed) -> None:
    assert ask(uc3m, "uc3m.netlab.test", "SOA")[1][0].startswith("ns.uc3m.netlab.test. hostmaster.uc3m.netlab.test. ")
    _, name_servers, additional = ask(uc3m, "uc3m.netlab.test", "NS")
    assert name_servers == ["ns.uc3m.netlab.test."]
    assert additional == ["ns.uc3m.netlab.test A"]


def test_any_gives_every_type_of_the_name(uc3m: Testbed) -> None:
    assert len(ask(uc3m, "uc3m.netlab.test", "ANY")[1]) == 4


@pytest.mark.parametrize(
    ("name", "kind", "outcome"),
    [
        ("icscf.uc3m.netlab.test", "AAAA", Outcome.NO_DATA),
        ("_udp.uc3m.netlab.test", "SRV", Outcome.NO_DATA),  # only names below it: RFC 4592 2.2.2
        ("nowhere.uc3m.netlab.test", "A", Outcome.NO_NAME),
        ("x.icscf.uc3m.netlab.test", "A", Outcome.NO_NAME),
    ],
)
def test_no_data_is_not_no_name(uc3m: Testbed, name: str, kind: str, outcome: Outcome) -> None:
    """RFC 2308."""
    assert ask(uc3m, name, kind) == (outcome, [], [])


def test_the_root_knows_nobody(uc3m: Testbed) -> None:
    found = root_zone(uc3m).lookup(dns.name.from_text("example.com"), dns.rdatatype.A)
    assert found.outcome is Outcome.NO_NAME


def test_others_know_a_delegation(uc3m: Testbed) -> None:
    server, glue = delegation_of(uc3m)
    assert server[0].to_text() == "ns.uc3m.netlab.test."
    assert glue[0].to_text() == "127.1.1.15"


def test_nodes_with_ipv6_have_aaaa_records_and_no_others() -> None:
    testbed = load_federation(default_federation_path().with_name("emulated6.toml")).testbeds["uc3m"]
    assert ask(testbed, "icscf.uc3m.netlab.test", "AAAA")[1] == ["fd4e:1:0:10::12"]
    assert ask(testbed, "icscf.uc3m.netlab.test", "A")[:2] == (Outcome.NO_DATA, [])
    assert ask(testbed, "_sip._udp.uc3m.netlab.test", "SRV")[2] == ["icscf.uc3m.netlab.test AAAA"]
    assert delegation_of(testbed)[1].to_text() == "ns.uc3m.netlab.test. 60 IN AAAA fd4e:1:0:10::15"
