"""Lists and list services (RFC 4826), as a resource list server reads them."""

from __future__ import annotations

import pytest

from conformance.protocols.presence.resource_lists import MOST_MEMBERS, Member, Reference, read_list, read_services
from conformance.protocols.presence.xml_document import MalformedDocument

RL = "urn:ietf:params:xml:ns:resource-lists"
RLS = "urn:ietf:params:xml:ns:rls-services"
BOB, CAROL = "sip:bob@h.test", "sip:carol@h.test"


def a_list(inner: str) -> bytes:
    return f'<list xmlns="{RL}" name="friends">{inner}</list>'.encode()


def services(inner: str) -> bytes:
    return f'<rls-services xmlns="{RLS}" xmlns:rl="{RL}">{inner}</rls-services>'.encode()


def test_members_of_lists_in_lists_each_once() -> None:
    inner = (
        f'<entry uri="{BOB}"><display-name>Bob</display-name></entry>'
        f'<list name="more"><entry uri="{CAROL}"/><entry uri="sip:bob@H.TEST;user=phone"/></list>'
        "<entry-ref/><external/>"
    )
    assert read_list(a_list(inner)) == (Member(BOB, "Bob"), Member(CAROL))
    assert read_list(f'<resource-lists xmlns="{RL}">{a_list(inner).decode()}</resource-lists>'.encode()) == (
        Member(BOB, "Bob"),
        Member(CAROL),
    )


def test_references_stand_in_their_place() -> None:
    inner = (
        f'<entry-ref ref="x"/><list><external anchor="http://e.test/"/><entry uri="{BOB}"/></list><entry-ref ref="x"/>'
    )
    assert read_list(a_list(inner)) == (Reference("x", True), Reference("http://e.test/", False), Member(BOB))
    assert read_list(f'<entry xmlns="{RL}" uri="{CAROL}"/>'.encode()) == (Member(CAROL),)


def test_a_service_has_its_list_or_names_it() -> None:
    found = read_services(
        services(
            f'<service uri="sip:a@h.test"><list><rl:entry uri="{BOB}"/></list></service>'
            f'<service uri="sip:B@H.test"><resource-list> http://x/y </resource-list>'
            "<packages><package>presence</package></packages></service>"
        )
    )
    assert set(found) == {"sip:a@h.test", "sip:B@h.test"}
    assert (found["sip:a@h.test"].items, found["sip:a@h.test"].reference) == ((Member(BOB),), "")
    assert (found["sip:B@h.test"].reference, found["sip:B@h.test"].packages) == ("http://x/y", {"presence"})


@pytest.mark.parametrize(
    "data",
    [b"<list/>", a_list("".join(f'<entry uri="sip:u{n}@h.test"/>' for n in range(MOST_MEMBERS + 1)))],
)
def test_what_is_no_list(data: bytes) -> None:
    with pytest.raises(MalformedDocument):
        read_list(data)


def test_a_service_without_a_uri_is_none() -> None:
    with pytest.raises(MalformedDocument, match="attribute uri"):
        read_services(services("<service/>"))
