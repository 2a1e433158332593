"""P-Access-Network-Info (3GPP TS 24.229 7.2A.4)."""

import pytest

from conformance.federation import default_federation_path, load_federation
from conformance.terminals.access_info import access_info


@pytest.mark.parametrize(
    ("testbed", "begin"),
    [("uc3m", 'IEEE-802.11b;i-wlan-node-id="'), ("stuba", '3GPP-UTRAN-FDD;utran-cell-id-3gpp="'), ("utu", "IEEE-")],
)
def test_the_access_network_says_what_it_is(testbed: str, begin: str) -> None:
    federation = load_federation(default_federation_path())
    address = str(federation.testbeds[testbed].access_networks[0].pool[5])
    assert access_info(federation, address).startswith(begin)


def test_elsewhere_nothing_is_said() -> None:
    assert access_info(load_federation(default_federation_path()), "127.200.0.1") == ""
