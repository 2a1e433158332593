"""What the parts of a file owe each other."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.federation import default_federation_path, load_federation
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Strictness

Alter = Callable[..., Path]
Complaints = Callable[..., list[str]]

HSS = 'hss = { host = "hss", address = "127.37.2.14", port = 3868 }'
GATEWAY = 'gateway = { host = "gw", address = "127.37.4.16", port = 2152 }'
FRANK = 'name = "frank"\nimpi = "f@utu.netlab.test"\nimpus = ["sip:f@utu.netlab.test"]\npassword = "none"\n'


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        ('"127.37.2.14"', '"127.38.2.14"', "testbeds.stuba.nodes.hss.address", "inside the block 127.37.0.0/16"),
        ('"127.37.2.14"', '"127.37.255.14"', "testbeds.stuba.nodes.hss.address", "range of the capture markers"),
        ('"127.37.2.14"', '"127.37.3.14"', "testbeds.octopus.nodes.hss.address", "testbeds.stuba.nodes.hss has them"),
        ('"127.37.2.14"', '"127.37.1.200"', "testbeds.stuba.nodes.hss.address", "outside testbeds.uc3m."),
        ('"127.37.2.128/25"', '"127.38.2.128/25"', "testbeds.stuba.access_networks[0].pool", "inside the block"),
        ('"127.37.2.128/25"', '"127.37.255.128/25"', "testbeds.stuba.access_networks[0].pool", "capture markers"),
        ('"127.37.2.128/25"', '"127.37.1.192/26"', "testbeds.stuba.access_networks[0].pool", "(127.37.1.128/25)"),
        (HSS + "\n", "", "testbeds.stuba.nodes.hss", "add the node"),
        (GATEWAY + "\n", "", "testbeds.utu.nodes", "the nodes of an IMS domain (p-cscf, "),
        (GATEWAY, f'{GATEWAY}\nas = {{ host = "as", address = "127.37.4.17", port = 5060 }}', "testbeds.utu.nodes.as",
         "beside the nodes of an IMS domain"),
        (GATEWAY, f'{GATEWAY}\nxdms = {{ host = "xdms", address = "127.37.4.19", port = 8080 }}',
         "testbeds.utu.nodes.xdms", "an XDMS beside the nodes"),
        ('"127.37.4.16"', '"127.37.4.200"', "testbeds.utu.nodes.gateway.address", "outside testbeds.utu."),
        (GATEWAY, f"{GATEWAY}\n[[testbeds.utu.subscribers]]\n" + FRANK, "testbeds.utu.subscribers", "none: a testbed"),
        ("minimum_registration_s = 60", "minimum_registration_s = 601", "timers.minimum_registration_s", "most 600"),
        ('host = "hss", address = "127.37.2.14"', 'host = "ns", address = "127.37.2.14"',
         "testbeds.stuba.nodes.dns.address", "the address 127.37.2.14"),
        ('visited_network_id = "stuba', 'visited_network_id = "uc3m', "testbeds.stuba.visited_network_id", "its own"),
        ('"sip:bob.work@stuba.', '"sip:bob@stuba.', "testbeds.stuba.subscribers[0].impus[1]", "impus[0] already"),
        ('"sip:bob@stuba.', '"sip:bob@uc3m.', "testbeds.stuba.subscribers[0].impus[0]", "domain stuba.netlab.test"),
        ('impi = "bob@stuba.', 'impi = "bob@uc3m.', "testbeds.stuba.subscribers[0].impi", "domain stuba.netlab.test"),
        ('name = "dave"', 'name = "carol"', "testbeds.octopus.subscribers[1].name", "subscribers[0].name already"),
        ('impi = "dave@', 'impi = "carol@', "testbeds.octopus.subscribers[1].impi", "subscribers[0].impi already"),
        ('op = "ff53bade', 'op = "ff53badf', "testbeds.stuba.subscribers[0].op", "encryption with k is opc"),
        ('block = "127.37.0.0/16"', 'block = "127.0.0.0/8"', "block", "a /16 on 127.0.0.0/8"),
        ('"127.37.2.14"', '"fd00::14"', "testbeds.stuba.nodes.hss.address", "IPv4, as the block 127.37.0.0/16 has"),
        ('"127.37.2.128/25"', '"fd00::/64"', "testbeds.stuba.access_networks[0].pool", "IPv4, as the block"),
        ('block = "127.37.0.0/16"', 'block = "fd00::/64"', "block", "a /56 or larger"),
    ],
)  # fmt: skip
def test_one_line_for_one_contradiction(complaints: Complaints, old: str, new: str, key: str, expected: str) -> None:
    lines = complaints((old, new))
    assert len(lines) == 1, lines
    assert f": {key}: found " in lines[0]
    assert expected in lines[0].split(", expected ")[1]


def test_an_op_is_not_needed_and_its_mistake_shows_no_secret(alter: Alter, complaints: Complaints) -> None:
    op = 'op = "ff53bade17df5d4e793073ce9d7579fa"\n'
    assert load_federation(alter((op, ""))).testbeds["stuba"].subscribers[0].op is None
    (line,) = complaints((op, op.replace("ff53", "ff54")))
    assert "53bade" not in line


def test_two_testbeds_of_one_domain(complaints: Complaints) -> None:
    lines = complaints(('domain = "stuba.', 'domain = "octopus.'))
    assert sum("octopus.domain: found 'octopus.netlab.test', expected a domain of its own" in one for one in lines) == 1


def test_a_pool_around_nodes(complaints: Complaints) -> None:
    lines = complaints(('"127.37.2.128/25"', '"127.37.2.0/24"'))
    assert len(lines) == 11
    assert all("move the node or the pool" in line for line in lines)


def test_one_address_may_hold_several_nodes(alter: Alter) -> None:
    path = alter(('"icscf", address = "127.37.1.12"', '"pcscf", address = "127.37.1.11"'))
    assert len({str(node.address) for node in load_federation(path).testbeds["uc3m"].nodes.values()}) == 10


def test_an_access_network_and_an_ims_domain_without_gateway(alter: Alter) -> None:
    path = alter(('gateway = { host = "gw", address = "127.37.2.16", port = 2152 }\n', ""))
    testbeds = load_federation(path).testbeds
    assert [(name, t.has_ims, t.has_gateway) for name, t in testbeds.items()] == [
        ("uc3m", True, True),
        ("stuba", True, False),
        ("octopus", True, True),
        ("utu", False, True),
    ]


def test_tel_identities_belong_to_any_domain(alter: Alter) -> None:
    path = alter(('"sip:bob.work@stuba.netlab.test"', '"tel:+421255555555"'))
    assert load_federation(path).testbeds["stuba"].subscribers[0].impus[1] == "tel:+421255555555"


def test_no_testbeds(tmp_path: Path) -> None:
    path = tmp_path / "federation.toml"
    path.write_text('name = "empty"\nblock = "127.37.0.0/16"\n[testbeds]\n')
    with pytest.raises(BadInput, match="testbeds: found none, expected at least one testbed"):
        load_federation(path)


def test_a_block_outside_loopback_has_no_marker_range(tmp_path: Path, alter: Alter) -> None:
    text = alter().read_text().replace("127.37.", "10.37.").replace("10.37.2.14", "10.37.255.14")
    path = tmp_path / "real.toml"
    path.write_text(text)
    assert str(load_federation(path).block) == "10.37.0.0/16"


def test_each_pool_inside_another_is_reported(complaints: Complaints) -> None:
    access = '[[testbeds.octopus.access_networks]]\nname = "more"\ntype = "WLAN"\npool = "127.37.3.{}/32"\n\n'
    old = "[testbeds.octopus.features]"
    lines = complaints((old, access.format(130) + access.format(200) + old))
    assert [line.split(": ")[1] for line in lines] == [f"testbeds.octopus.access_networks[{n}].pool" for n in (1, 2)]


def test_many_pools_are_checked_in_no_time(tmp_path: Path, alter: Alter) -> None:
    pool = '\n[[testbeds.octopus.access_networks]]\nname = "wlan"\ntype = "WLAN"\npool = "127.37.{}.{}/32"\n'
    many = "".join(pool.format(64 + n // 256, n % 256) for n in range(8000))
    path = tmp_path / "many.toml"
    path.write_text(alter().read_text() + many)
    assert len(load_federation(path).testbeds["octopus"].access_networks) == 8001


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        ('"fd4e:1:0:20::14"', '"127.1.2.14"', "testbeds.stuba.nodes.hss.address", "IPv6, as the block fd4e:1::/48 has"),
        ('"fd4e:1:0:20::14"', '"fd4e:2:0:20::14"', "testbeds.stuba.nodes.hss.address", "inside the block fd4e:1::/48"),
        ('"fd4e:1:0:20::14"', '"fd4e:1:0:ffff::14"', "testbeds.stuba.nodes.hss.address", "the capture markers"),
        ('"fd4e:1:0:20::14"', '"fd4e:1:0:21::14"', "testbeds.stuba.nodes.hss.address", "outside testbeds.stuba."),
        ('"fd4e:1:0:20::14"', '"fd4e:1:0:20::14%eth0"', "testbeds.stuba.nodes.hss.address", "an IPv4 address as text"),
    ],
)
def test_one_line_for_one_contradiction_of_ipv6(tmp_path: Path, old: str, new: str, key: str, expected: str) -> None:
    text = default_federation_path().with_name("emulated6.toml").read_text()
    file = tmp_path / "federation.toml"
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(BadInput) as refusal:
        load_federation(file)
    lines = str(refusal.value).split("\n")
    assert len(lines) == 1, lines
    assert f": {key}: found " in lines[0]
    assert expected in lines[0].split(", expected ")[1]


def test_devices_of_one_user_have_the_same_public_identities(alter: Alter, complaints: Complaints) -> None:
    uc3m = load_federation(alter(("t1_ms = 500", "t1_ms = 500"))).testbeds["uc3m"]
    assert [one.name for one in uc3m.other_devices(uc3m.subscriber("alice"))] == ["alice-tablet"]
    assert [one.name for one in uc3m.users] == ["alice", "erin", "grace"]
    (line, *_) = complaints(
        ('"sip:alice@uc3m.netlab.test", "sip:alice.work', '"sip:alice@uc3m.netlab.test", "sip:a.work')
    )
    assert "two devices of one user have the same impus in the same order" in line


def test_strictness_is_of_emulated_cores(alter: Alter, complaints: Complaints) -> None:
    said = ("release = 6", 'release = 6\nstrictness = "openimscore"')
    assert load_federation(alter(said)).testbeds["stuba"].strictness is Strictness.OPENIMSCORE
    kamailio = ('domain = "stuba.netlab.test"', 'domain = "stuba.netlab.test"\ncore = "kamailio"')
    (line,) = complaints(said, kamailio)
    assert "stuba.strictness: found 'openimscore', expected none beside core 'kamailio'" in line


def test_a_strictness_that_there_is_not(complaints: Complaints) -> None:
    (line,) = complaints(("release = 6", 'release = 6\nstrictness = "severe"'))
    assert "found 'severe', expected one of lenient, strict, openimscore" in line


def test_an_adapter_stands_before_a_pcscf(complaints: Complaints) -> None:
    adapter = '\nadapter = { host = "adapter", address = "127.37.4.21", port = 5060 }\n'
    gateway = 'gateway = { host = "gw", address = "127.37.4.16", port = 2152 }'
    lines = complaints((gateway, gateway + adapter))
    assert any("utu.nodes.adapter: found no P-CSCF that it could stand in front of" in line for line in lines)
