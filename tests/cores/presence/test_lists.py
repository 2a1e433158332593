"""Lists that refer to what is in another network: only its XDMS is asked, as anybody may ask it (RFC 4826 3.2)."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from conformance.cores.emulated.presence.lists import FoundList, Lists, ListUnreadable
from conformance.cores.emulated.presence.xcap_client import XcapFailed
from conformance.protocols.presence.resource_lists import Member

ALICE, BOB = "sip:alice@uc3m.netlab.test", "sip:bob@stuba.netlab.test"
FRIENDS = "sip:friends@uc3m.netlab.test"
WRITTEN, ASKED = "https://xdms.stuba.netlab.test:8443/xcap-root", "http://xcap.stuba.netlab.test:8080/xcap-root"
THEIRS = "resource-lists/global/index"
SERVICES = """<rls-services xmlns="urn:ietf:params:xml:ns:rls-services"
 xmlns:rl="urn:ietf:params:xml:ns:resource-lists"><service uri="{uri}"><list>
<rl:external anchor="{anchor}"/><rl:entry uri="{entry}"/></list></service></rls-services>"""


class Xdms:
    """Has documents by root and path."""

    def __init__(self, **documents: bytes) -> None:
        self.documents = documents
        self.asked: list[str] = []

    async def get(self, path: str, user: str, *, root: str = "") -> bytes | None:
        if path.startswith("rls-services"):
            return self.documents["services"]
        self.asked.append(f"{root}/{path}")
        if "theirs" not in self.documents:
            raise XcapFailed("401")
        return self.documents["theirs"]


def read(xdms: Any, uri: str = FRIENDS) -> FoundList | None:
    return asyncio.run(Lists(xdms, {WRITTEN: ASKED}, logging.getLogger("netlab.test")).read(uri, ALICE))


def services(anchor: str = f"{WRITTEN}/{THEIRS}") -> bytes:
    return SERVICES.format(uri=FRIENDS, anchor=anchor, entry=ALICE).encode()


def test_another_network_of_the_federation_is_asked() -> None:
    theirs = f'<list xmlns="urn:ietf:params:xml:ns:resource-lists"><entry uri="{BOB}"/></list>'
    xdms = Xdms(services=services(), theirs=theirs.encode())
    found = read(xdms)
    assert found is not None
    assert (found.members, xdms.asked) == ((Member(BOB), Member(ALICE)), [f"{ASKED}/{THEIRS}"])


def test_what_it_does_not_give_is_left_out() -> None:
    found = read(Xdms(services=services()))
    assert found is not None
    assert found.members == (Member(ALICE),)


@pytest.mark.parametrize("anchor", [f"{WRITTEN}/pres-rules/users/{BOB}/index", f"{WRITTEN}/../secret", "http://x/y"])
def test_no_other_document_is_asked_for(anchor: str) -> None:
    xdms = Xdms(services=services(anchor))
    assert read(xdms) is not None
    assert xdms.asked == []


def test_what_is_no_service_is_none_and_what_is_no_document_unreadable() -> None:
    assert read(Xdms(services=services()), "sip:others@uc3m.netlab.test") is None
    with pytest.raises(ListUnreadable, match="XML"):
        read(Xdms(services=b"<"))
