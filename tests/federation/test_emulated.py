"""The federation that comes with the package."""

import re
import tomllib

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from conformance.federation import default_federation_path, load_federation
from conformance.vocabulary.federation import AccessSecurity, CoreKind, NodeKind

# 3GPP TS 35.208, test sets 1, 4, 7, 5, 2, 8, 3 and 6: K, OP.
PUBLISHED = [
    ("465b5ce8b199b49faa5f0a2ee238a6bc", "cdc202d5123e20f62b6d676ac72cb318"),
    ("9e5944aea94b81165c82fbf9f32db751", "223014c5806694c007ca1eeef57f004f"),
    ("2d609d4db0ac5bf0d2c0de267014de0d", "460a48385427aa39264aac8efc9e73e8"),
    ("4ab1deb05ca6ceb051fc98e77d026a84", "2d16c5cd1fdf6b22383584e3bef2a8d8"),
    ("0396eb317b6d1c36f19c1c84cd6ffd16", "ff53bade17df5d4e793073ce9d7579fa"),
    ("a530a7fe428fad1082c45eddfce13884", "511c6c4e83e38c89b1c5d8dde62426fa"),
    ("fec86ba6eb707ed08905757b1bb44b8f", "dbc59adcb6f9a0ef735477b7fadf8374"),
    ("6c38a116ac280c454f59332ee35c8c4f", "1ba00a1a7c6700ac8c3ff3e96ad08725"),
]

OF_TWO = (NodeKind.AS, NodeKind.PRESENCE, NodeKind.XDMS, NodeKind.SIP_PROXY)
"""What octopus has not."""


def test_three_testbeds_with_the_ports_of_the_project_document() -> None:
    federation = load_federation(default_federation_path())
    ims = [testbed for testbed in federation.testbeds.values() if testbed.has_ims]
    assert [testbed.name for testbed in ims] == ["uc3m", "stuba", "octopus"]
    for testbed in ims:
        ports = {kind: node.port for kind, node in testbed.nodes.items() if kind not in OF_TWO}
        assert ports == {
            NodeKind.PCSCF: 4060,
            NodeKind.ICSCF: 5060,
            NodeKind.SCSCF: 6060,
            NodeKind.HSS: 3868,
            NodeKind.DNS: 53,
            NodeKind.GATEWAY: 2152,
            NodeKind.ADAPTER: 5060,
        }
        assert len({node.address for node in testbed.nodes.values()}) == len(testbed.nodes)
        assert testbed.domain == testbed.visited_network_id == f"{testbed.name}.netlab.test"
        assert testbed.features.access_security is AccessSecurity.NONE


@pytest.mark.parametrize("kind", OF_TWO)
def test_two_testbeds_have_application_servers_and_one_has_none(kind: NodeKind) -> None:
    testbeds = load_federation(default_federation_path()).testbeds
    assert {name for name, testbed in testbeds.items() if kind in testbed.nodes} == {"uc3m", "stuba"}


def test_whoever_has_an_xdms_has_passwords_for_it() -> None:
    testbeds = load_federation(default_federation_path()).testbeds
    served = [testbed for testbed in testbeds.values() if NodeKind.XDMS in testbed.nodes]
    assert [testbed.name for testbed in served] == ["uc3m", "stuba"]
    assert all(s.xcap_password is not None for testbed in served for s in testbed.subscribers)


def test_its_keys_are_published_test_sets() -> None:
    federation = load_federation(default_federation_path())
    aka = [s for testbed in federation.testbeds.values() for s in testbed.subscribers if s.uses_aka]
    published = dict(PUBLISHED)
    for subscriber in aka:
        assert subscriber.k is not None
        assert subscriber.opc is not None
        k = subscriber.k.reveal().hex()
        op = published[k]
        block = Cipher(algorithms.AES(bytes.fromhex(k)), modes.ECB()).encryptor().update(bytes.fromhex(op))  # noqa: S305 - one block
        opc = bytes(a ^ b for a, b in zip(block, bytes.fromhex(op), strict=True))
        assert subscriber.opc.reveal() == opc  # OPc = OP xor E_K(OP), 3GPP TS 35.206
        assert subscriber.op is not None
        assert subscriber.op.reveal().hex() == op
        assert len([impu for impu in subscriber.impus if impu.startswith("sip:")]) == 2


def test_one_access_network_without_ims_domain() -> None:
    utu = load_federation(default_federation_path()).testbeds["utu"]
    assert list(utu.nodes) == [NodeKind.GATEWAY]
    assert not utu.has_ims
    assert not utu.subscribers


def test_two_users_have_two_devices() -> None:
    testbeds = load_federation(default_federation_path()).testbeds.values()
    users = {user.name: [one.name for one in t.other_devices(user)] for t in testbeds for user in t.users}
    assert {name: others for name, others in users.items() if others} == {
        "alice": ["alice-tablet"],
        "carol": ["carol-tablet"],
    }


def test_one_subscriber_may_not_roam() -> None:
    testbeds = load_federation(default_federation_path()).testbeds.values()
    assert [s.name for testbed in testbeds for s in testbed.subscribers if not s.roaming] == ["erin"]


def test_two_subscribers_have_a_password() -> None:
    octopus = load_federation(default_federation_path()).testbeds["octopus"]
    assert [s.name for s in octopus.subscribers if not s.uses_aka] == ["dave", "frank"]


def test_another_core_plays_every_testbed_with_ims_and_no_access_network() -> None:
    federation = load_federation(default_federation_path())
    played = {name: testbed.core for name, testbed in federation.played_by(CoreKind.KAMAILIO).testbeds.items()}
    assert played == {name: CoreKind("emulated" if name == "utu" else "kamailio") for name in federation.testbeds}
    assert federation.played_by(None) is federation


def test_with_ipv6_nothing_but_the_addresses_is_another() -> None:
    """emulated6.toml is emulated.toml, testbed N in fd4e:1:0:N0::/64 and fd4e:1:0:N1::/64."""
    path = default_federation_path()

    def plain(text: str) -> dict[str, object]:
        text = text.replace("127.1.0.0/16", "fd4e:1::/48")
        text = re.sub(r"127\.1\.(\d)\.128/25", r"fd4e:1:0:\g<1>1::/64", text)
        return tomllib.loads(re.sub(r"127\.1\.(\d)\.(\d+)", r"fd4e:1:0:\g<1>0::\2", text))

    assert plain(path.with_name("emulated6.toml").read_text()) == plain(path.read_text())
