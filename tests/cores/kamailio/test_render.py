from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from conformance.cores.kamailio.installed import modules_folder
from conformance.cores.kamailio.render import (
    PRESENCE_ROLES,
    ROLES,
    Inside,
    cscf_files,
    dns_files,
    presence_files,
    proxy_files,
    write,
)
from conformance.federation import default_federation_path, load_federation
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import DatabaseKind, Federation, NodeKind

MODULES = "/usr/lib/kamailio/modules"
INSTALLED = modules_folder()


@pytest.fixture(scope="module")
def federation() -> Federation:
    return load_federation(default_federation_path())


def configuration(federation: Federation, kind: NodeKind, testbed: str = "uc3m") -> str:
    return cscf_files(federation, federation.testbeds[testbed], kind, MODULES)["kamailio.cfg"]


@pytest.mark.parametrize("kind", ROLES, ids=str)
@pytest.mark.parametrize("testbed", ["uc3m", "octopus"])
def test_a_cscf_listens_where_the_federation_has_it(federation: Federation, kind: NodeKind, testbed: str) -> None:
    node = federation.testbeds[testbed].node(kind)
    text = configuration(federation, kind, testbed)
    assert text.startswith("#!KAMAILIO\n")
    assert set(re.findall(r"^listen=(.*)$", text, re.MULTILINE)) == {
        f"{transport}:{node.address}:{node.port}" for transport in ("udp", "tcp")
    }


@pytest.mark.parametrize("kind", ROLES, ids=str)
def test_timers_are_those_of_the_federation(federation: Federation, kind: NodeKind) -> None:
    text = configuration(federation, kind)
    assert 'modparam("tm", "retr_timer1", 500)' in text
    assert 'modparam("tm", "fr_timer", 32000)' in text


def test_only_the_pcscf_asks_for_naptr(federation: Federation) -> None:
    asking = {kind for kind in ROLES if "dns_try_naptr=on" in configuration(federation, kind)}
    assert asking == {NodeKind.PCSCF}


def test_a_pcscf_says_what_its_network_has_agreed_to(federation: Federation) -> None:
    text = configuration(federation, NodeKind.PCSCF)
    assert 'append_hf("Path: <sip:pcscf.uc3m.netlab.test:4060;lr>\\r\\n");' in text
    assert 'append_hf("P-Visited-Network-ID: uc3m.netlab.test\\r\\n");' in text


def test_a_registrar_grants_what_the_federation_says(federation: Federation) -> None:
    text = configuration(federation, NodeKind.SCSCF)
    assert 'modparam("ims_registrar_scscf", "max_expires", 600)' in text
    assert 'append_to_reply("Min-Expires: 60\\r\\n");' in text


@pytest.mark.parametrize("kind", [NodeKind.ICSCF, NodeKind.SCSCF], ids=str)
def test_diameter_leaves_from_the_address_of_the_node(federation: Federation, kind: NodeKind) -> None:
    testbed = federation.testbeds["uc3m"]
    text = cscf_files(federation, testbed, kind, MODULES)["cdp.xml"]
    assert f'src_addr="{testbed.node(kind).address}"' in text
    assert 'TransactionTimeout="2"' in text


def test_a_network_name_that_is_no_token_is_quoted(federation: Federation) -> None:
    testbed = federation.testbeds["uc3m"].model_copy(update={"visited_network_id": "uc3m@home,1"})
    text = cscf_files(federation, testbed, NodeKind.PCSCF, MODULES)["kamailio.cfg"]
    assert 'append_hf("P-Visited-Network-ID: \\"uc3m@home,1\\"\\r\\n");' in text


@pytest.mark.parametrize("name", ['a"b', "a$ru", "a\\b", "#!define"])
def test_a_network_name_cannot_become_configuration(federation: Federation, name: str) -> None:
    testbed = federation.testbeds["uc3m"].model_copy(update={"visited_network_id": name})
    with pytest.raises(BadInput, match="visited_network_id"):
        cscf_files(federation, testbed, NodeKind.PCSCF, MODULES)


def test_the_root_delegates_every_partner_with_glue(federation: Federation) -> None:
    root = dns_files(federation, federation.testbeds["uc3m"], 5300)["root.zone"]
    for name, address in (("uc3m", "127.1.1.15"), ("stuba", "127.1.2.15"), ("octopus", "127.1.3.15")):
        assert f"{name}.netlab.test. 60 IN NS ns.{name}.netlab.test." in root
        assert f"ns.{name}.netlab.test. 60 IN A {address}" in root


def test_the_own_zone_is_that_of_the_emulated_dns(federation: Federation) -> None:
    zone = dns_files(federation, federation.testbeds["uc3m"], 5300)["own.zone"]
    assert '10 50 "s" "SIP+D2U" "" _sip._udp.uc3m.netlab.test.' in zone
    assert "_sip._udp.uc3m.netlab.test. 60 IN SRV 10 100 5060 icscf.uc3m.netlab.test." in zone
    assert "pcscf.uc3m.netlab.test. 60 IN A 127.1.1.11" in zone


def test_a_pcscf_knows_terminals_by_every_access_network(federation: Federation) -> None:
    text = configuration(federation, NodeKind.PCSCF)
    pools = {str(network.pool) for testbed in federation.testbeds.values() for network in testbed.access_networks}
    assert set(re.findall(r'is_in_subnet\("\$si", "([^"]+)"\)', text)) == pools
    assert set(re.findall(r'is_in_subnet\("\$rd", "([^"]+)"\)', text)) == pools


@pytest.mark.parametrize("testbed", ["uc3m", "octopus"])
def test_an_scscf_names_its_network_in_calls_and_in_answers(federation: Federation, testbed: str) -> None:
    text = configuration(federation, NodeKind.SCSCF, testbed)
    domain = federation.testbeds[testbed].domain
    assert f";orig-ioi={domain}\\r\\n" in text
    assert f";term-ioi={domain}\\r\\n" in text


@pytest.mark.parametrize("kind", ROLES, ids=str)
def test_who_invites_is_told_100_and_waits_as_long_as_a_proxy_may(federation: Federation, kind: NodeKind) -> None:
    text = configuration(federation, kind)
    assert 'modparam("tm", "auto_inv_100", 1)' in text
    assert f'modparam("tm", "fr_inv_timer", {federation.timers.proceeding_s * 1000})' in text


def test_an_icscf_says_itself_that_nobody_has_a_name(federation: Federation) -> None:
    text = configuration(federation, NodeKind.ICSCF)
    assert 'modparam("ims_icscf", "route_lir_user_unknown", "NOBODY")' in text
    assert 'route[NOBODY] {\n\tt_reply("404", "Not Found");' in text


@pytest.mark.skipif(not INSTALLED, reason="Kamailio is not installed")
@pytest.mark.parametrize("kind", ROLES, ids=str)
def test_kamailio_takes_the_configuration(federation: Federation, kind: NodeKind, tmp_path: Path) -> None:
    assert INSTALLED is not None
    write(tmp_path, cscf_files(federation, federation.testbeds["uc3m"], kind, str(INSTALLED)))
    read = subprocess.run(
        ["kamailio", "-c", "-f", "kamailio.cfg"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "config file ok" in read.stderr, read.stderr[-2000:]


def test_numbers_are_zones_of_their_own_server_and_delegated_by_the_others(federation: Federation) -> None:
    own = dns_files(federation, federation.testbeds["stuba"], 5353)
    assert 'zone "1.0.0.0.0.0.0.0.0.1.2.4.e164.arpa" { type primary; file "number-0.zone"; };' in own["named.conf"]
    assert '"E2U+sip" "!^.*$!sip:bob@stuba.netlab.test!"' in own["number-0.zone"]
    root = dns_files(federation, federation.testbeds["uc3m"], 5353)["root.zone"]
    assert "1.0.0.0.0.0.0.0.0.1.2.4.e164.arpa. 60 IN NS ns.stuba.netlab.test." in root


def test_an_scscf_asserts_the_number_beside_every_sip_uri(federation: Federation) -> None:
    text = configuration(federation, NodeKind.SCSCF, "stuba")
    assert '=~ "^(sip:bob@stuba.netlab.test|sip:bob.work@stuba.netlab.test)$"' in text
    assert "P-Asserted-Identity: <tel:+421000000001>" in text
    assert 'if ($rU == "+421000000001") $ru = "sip:bob@stuba.netlab.test";' in text


@pytest.mark.parametrize("kind", PRESENCE_ROLES, ids=str)
def test_kamailio_takes_the_configuration_of_presence(federation: Federation, kind: NodeKind, tmp_path: Path) -> None:
    if INSTALLED is None:
        pytest.skip("Kamailio is not installed")
    testbed = federation.testbeds["uc3m"].model_copy(update={"database": DatabaseKind.SQLITE})
    write(tmp_path, presence_files(federation, testbed, kind, str(INSTALLED), Inside(5000, 5001)))
    read = subprocess.run(
        ["kamailio", "-c", "-f", "kamailio.cfg"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "config file ok" in read.stderr, read.stderr[-2000:]


@pytest.mark.parametrize("has_presence", [True, False])
def test_kamailio_takes_the_configuration_of_a_sip_proxy(
    federation: Federation, has_presence: bool, tmp_path: Path
) -> None:
    if INSTALLED is None:
        pytest.skip("Kamailio is not installed")
    testbed = federation.testbeds["uc3m"]
    nodes = {kind: node for kind, node in testbed.nodes.items() if has_presence or kind is not NodeKind.PRESENCE}
    write(tmp_path, proxy_files(federation, testbed.model_copy(update={"nodes": nodes}), str(INSTALLED)))
    read = subprocess.run(
        ["kamailio", "-c", "-f", "kamailio.cfg"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "config file ok" in read.stderr, read.stderr[-2000:]


def test_a_sip_proxy_knows_its_users_and_no_password(federation: Federation) -> None:
    text = proxy_files(federation, federation.testbeds["uc3m"], MODULES)["kamailio.cfg"]
    assert '"alice@uc3m.netlab.test sip:alice.work@uc3m.netlab.test"' in text
    assert "xcap-alice" not in text


def test_a_presence_server_trusts_its_scscf_and_its_sip_proxy_alone(federation: Federation) -> None:
    text = presence_files(federation, federation.testbeds["uc3m"], NodeKind.PRESENCE, MODULES)["kamailio.cfg"]
    assert 'if ($si != "127.1.1.13" && $si != "127.1.1.20") {' in text
    assert "alias=xcap.uc3m.netlab.test\n" in text


def test_an_xdms_knows_its_usages_and_where_changes_are_told(federation: Federation) -> None:
    inside = Inside(changes=5000, http=5001)
    text = presence_files(federation, federation.testbeds["uc3m"], NodeKind.XDMS, MODULES, inside)["kamailio.cfg"]
    assert 'send_data("sip:127.0.0.1:5000;transport=udp", "$xcapuri(u=>xuid)");' in text
    assert "listen=tcp:127.0.0.1:5001\n" in text
    assert "<auid>org.openmobilealliance.pres-rules</auid>" in text


def test_publications_and_subscriptions_go_the_way_of_the_filter_criteria(federation: Federation) -> None:
    assert 'is_method("SUBSCRIBE|PUBLISH")' in configuration(federation, NodeKind.PCSCF)
    text = configuration(federation, NodeKind.SCSCF)
    assert 'if (!is_method("INVITE|PUBLISH|SUBSCRIBE|MESSAGE")) {' in text
    assert 'assign_server_unreg("UNREGISTERED", "location", "term")' in text
