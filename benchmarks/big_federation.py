"""A federation of many testbeds, for benchmarks that need its cells and bring nothing up."""

from __future__ import annotations

from collections.abc import Iterator

_K, _OPC = "465b5ce8b199b49faa5f0a2ee238a6bc", "cd63cb71954a9f4e48a5994e37a02baf"
"""Test set 1 of 3GPP TS 35.208, as in the emulated federation."""
_NODES = (("p-cscf", "pcscf", 4060), ("i-cscf", "icscf", 5060), ("s-cscf", "scscf", 6060), ("hss", "hss", 3868),
          ("dns", "ns", 53), ("gateway", "gw", 2152))  # fmt: skip


def federation_file(testbeds: int) -> str:
    """Return the text of a federation file: IMS testbeds t01, t02, ... with a gateway and three subscribers each.

    Args:
        testbeds: how many, 250 at most.
    """
    return "\n".join(['name = "many"', 'block = "127.1.0.0/16"', *_testbeds(testbeds)])


def _testbeds(count: int) -> Iterator[str]:
    for number in range(1, count + 1):
        name = f"t{number:02}"
        domain = f"{name}.netlab.test"
        yield f"\n[testbeds.{name}]"
        yield f'operator = "Partner {number}"\ndomain = "{domain}"\nrelease = 7\nvisited_network_id = "{domain}"'
        yield f"[testbeds.{name}.nodes]"
        for place, (kind, host, port) in enumerate(_NODES, start=11):
            yield f'{kind} = {{ host = "{host}", address = "127.1.{number}.{place}", port = {port} }}'
        yield f"[[testbeds.{name}.access_networks]]"
        yield f'name = "wlan"\ntype = "IEEE-802.11b"\npool = "127.1.{number}.128/25"'
        yield f'[testbeds.{name}.features]\naccess_security = "none"'
        for user, secret in (("alice", _aka()), ("erin", _aka() + "\nroaming = false"), ("dave", 'password = "dave"')):
            yield f'[[testbeds.{name}.subscribers]]\nname = "{user}"\nimpi = "{user}@{domain}"'
            yield f'impus = ["sip:{user}@{domain}"]\n{secret}'


def _aka() -> str:
    return f'k = "{_K}"\nopc = "{_OPC}"'
