"""What OpenVPN is told, and what is told of it where it does not come up."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from conformance.fabric.layout import Layout, layout, placed
from conformance.fabric.openvpn import OpenVpn, require_openvpn, write_client, write_hub
from conformance.fabric.pki import Authority, Flaw
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import Federation


@pytest.fixture
def plan(federation: Federation) -> Layout:
    return layout(placed(federation))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "pki")


def test_the_hub_knows_every_network_and_refuses_whom_it_does_not_know(
    plan: Layout, authority: Authority, tmp_path: Path
) -> None:
    lines = write_hub(tmp_path, plan, authority).read_text().splitlines()
    for partner in plan.partners:
        for network in partner.networks:
            assert f"route {network.network_address} {network.netmask}" in lines
    assert {"ccd-exclusive", "topology subnet", "remote-cert-tls client", "tls-version-min 1.2"} <= set(lines)
    assert f"crl-verify {tmp_path / 'crl.pem'}" in lines
    assert (tmp_path / "crl.pem").exists()
    # Partners' packets pass the hub's own routing, where they can be seen.
    assert "client-to-client" not in lines


def test_each_partner_is_told_of_the_others_networks_and_not_of_its_own(
    plan: Layout, authority: Authority, tmp_path: Path
) -> None:
    write_hub(tmp_path, plan, authority)
    assert {file.name for file in (tmp_path / "clients").iterdir()} == {partner.name for partner in plan.partners}
    for partner in plan.partners:
        lines = (tmp_path / "clients" / partner.name).read_text().splitlines()
        assert lines[0] == f"ifconfig-push {partner.tunnel} 255.255.255.0"
        for other in plan.partners:
            for network in other.networks:
                words = f"{network.network_address} {network.netmask}"
                assert (f"iroute {words}" in lines) == (other is partner)
                assert (f'push "route {words}"' in lines) == (other is not partner)


def test_a_client_asks_the_hub_from_its_outer_address(plan: Layout, authority: Authority, tmp_path: Path) -> None:
    credentials = authority.credentials("stuba")
    file = write_client(tmp_path, plan, plan.partner("stuba"), authority, credentials)
    lines = file.read_text().splitlines()
    assert {"client", "remote 198.18.0.1 1194", "local 198.18.0.11", "remote-cert-tls server"} <= set(lines)
    # The interface is the fabric's own, so that who captures on it survives the program.
    assert {"dev tun0", "persist-tun", f"pkcs12 {credentials.pkcs12}", f"askpass {credentials.passphrase}"} <= set(
        lines
    )


@pytest.mark.parametrize("flaw", list(Flaw))
def test_no_configuration_holds_a_passphrase(plan: Layout, authority: Authority, tmp_path: Path, flaw: Flaw) -> None:
    write_hub(tmp_path, plan, authority)
    write_client(tmp_path, plan, plan.partner("uc3m"), authority, authority.credentials("uc3m", flaw))
    secrets = [file.read_text().strip() for file in authority.folder.glob("*.pass")]
    assert len(secrets) == 2
    for file in (tmp_path / "hub.conf", tmp_path / "uc3m.conf"):
        assert not any(secret in file.read_text() for secret in secrets)


def test_without_the_program_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(TestbedDown, match=r"^openvpn: expected [^\n]*apt-get install [^\n]* --fabric loopback$"):
        require_openvpn()


@pytest.mark.usefixtures("allowed")
def test_a_program_that_ends_is_told_with_its_own_words(tmp_path: Path) -> None:
    config = tmp_path / "wrong.conf"
    config.write_text("no-such-option\n")
    program = OpenVpn("uc3m", config, "", tmp_path / "log")
    program.start()
    with pytest.raises(TestbedDown, match=r"^openvpn uc3m: expected 'Init[^\n]* ended: [^\n]*no-such-option[^\n]*$"):
        program.wait_ready(time.monotonic() + 10)
    assert not program.runs
    with pytest.raises(TestbedDown, match="does not run"):
        _ = program.pid
    program.stop()
    program.stop()
    assert "no-such-option" in (tmp_path / "log").read_text()


def test_networks_of_ipv6_are_led_through_a_tunnel_of_ipv6(
    ipv6_federation: Federation, authority: Authority, tmp_path: Path
) -> None:
    plan = layout(ipv6_federation)
    hub = write_hub(tmp_path, plan, authority).read_text().splitlines()
    assert {"server-ipv6 fd10:8::/64", "local 198.18.0.1", "route-ipv6 fd4e:1:0:10::/64"} <= set(hub)
    lines = (tmp_path / "clients" / "uc3m").read_text().splitlines()
    assert lines[0] == "ifconfig-ipv6-push fd10:8::a/64 fd10:8::1"
    assert {"iroute-ipv6 fd4e:1:0:11::/64", 'push "route-ipv6 fd4e:1:0:21::/64"'} <= set(lines)
    assert not [line for line in (*hub, *lines) if line.startswith(("server ", "route ", "iroute ", 'push "route '))]
