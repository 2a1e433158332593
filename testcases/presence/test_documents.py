"""Documents of users at the XDMS, by XCAP: buddy lists and rules, at home and away, and who may not have them."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import pytest

from conformance.runs.cell import Cell
from conformance.terminals.documents import LISTS_TYPE, PRES_RULES, RESOURCE_LISTS
from conformance.terminals.presence_failures import PresenceRefused

pytestmark = [pytest.mark.presence, pytest.mark.needs("xdms")]

BUDDIES = "buddies"
CAPABILITIES = "xcap-caps/global/index"


@pytest.mark.parametrize("secure", [pytest.param(True, id="https"), pytest.param(False, id="http")])
@pytest.mark.flow("xcap")
def test_buddy_list(cell: Cell, secure: bool) -> None:
    """A user keeps a buddy list: the whole of it, and single entries.

    Preconditions:
        - The user has a password for the XDMS.
    Steps:
        1. The client stores a list: PUT is challenged, answered, and makes a new document.
        2. It adds an entry, removes one and renames the list by node selectors, fetches the list, and removes it.

    References:
        RFC 4825 7, 8; RFC 4826 3; RFC 2617; 3GPP TS 24.141 6; D2.2 3.3.3.2
    """
    keep_a_list(cell, secure=secure)


@pytest.mark.flow("xcap", access="visited")
def test_buddy_list_from_away(cell: Cell) -> None:
    """A visitor keeps a buddy list at the XDMS of home.

    Preconditions:
        - The terminal is in the visited network.
    Steps:
        1. HTTPS goes from the visited network to the XDMS of home; else as at home.

    References:
        RFC 4825 7, 8; RFC 4826 3; 3GPP TS 24.141 6; D2.2 3.3.3.2
    """
    keep_a_list(cell)


@pytest.mark.flow("xcap", access="home")
def test_buddy_list_by_the_home_access_point(cell: Cell) -> None:
    """A user who is away keeps a buddy list through the home access point.

    Preconditions:
        - The visited network tunnels all packets of the terminal to the gateway of the home network.
    Steps:
        1. HTTPS crosses the visited network in GTP-U; else as at home.

    References:
        RFC 4825 7, 8; 3GPP TS 23.228 5.6.2; D2.2 3.3.3.2, figure 2
    """
    keep_a_list(cell)


@pytest.mark.flow("xcap")
def test_rules(cell: Cell) -> None:
    """A user keeps rules: who may watch, and who may not.

    Preconditions:
        - The user has a password for the XDMS.
    Steps:
        1. The client stores rules that let everybody watch, and fetches them.
        2. It replaces the rule by its node selector, then the whole document with a condition on its entity tag.

    References:
        RFC 4825 7.2, 7.11, 8.2; RFC 5025 9; RFC 4745; 3GPP TS 24.141 6
    """
    documents = cell.documents(cell.terminal())
    documents.allow()
    documents.change_rule("confirm", "sip:stranger@example.com")
    stored = documents.rules()
    documents.client.put(
        documents.client.document(PRES_RULES), stored.body, stored.content_type, if_match=stored.entity_tag
    )
    documents.clear()


@pytest.mark.flow("xcap")
def test_capabilities(cell: Cell) -> None:
    """A client asks the XDMS what it can do.

    Preconditions:
        - The user has a password for the XDMS.
    Steps:
        1. The client fetches the capabilities, which belong to nobody, and a document of the user's own.

    References:
        RFC 4825 12; D2.2 3.3.3.2
    """
    documents = cell.documents(cell.terminal())
    documents.allow()
    documents.client.get(CAPABILITIES)
    documents.clear()


@pytest.mark.flow("xcap")
def test_new_document(cell: Cell) -> None:
    """The XDMS tells a new document from one that takes the place of another.

    Preconditions:
        - The user has no buddy list at the XDMS.
    Steps:
        1. The client fetches the list: 404. It stores one: 201.
        2. It fetches the list: 200. It stores another one in its place: 200.
        3. It removes the list, and stores one that is new once more: 201.

    References:
        RFC 4825 7.1, 8.2.7, 8.3, 8.4, 8.5
    """
    documents = cell.documents(cell.terminal())
    first, second = (f"sip:{name}@{cell.home.domain}" for name in ("first", "second"))
    cell.refused(documents.buddies, 404)
    documents.keep_buddies(BUDDIES, [first])
    documents.buddies()
    documents.keep_buddies(BUDDIES, [first, second])
    documents.clear()
    documents.keep_buddies(BUDDIES, [second])
    documents.buddies()
    documents.clear()


@pytest.mark.flow("xcap")
def test_what_is_not_stored(cell: Cell) -> None:
    """The XDMS refuses what is no document of its kind, what nobody knows, and what meets another state than expected.

    Preconditions:
        - The user has a buddy list at the XDMS.
    Steps:
        1. The client stores a list that is not well-formed, and one that the schema does not allow: 409 each.
        2. It fetches a document of an unknown application usage: 404.
        3. It stores a list under the condition of another entity tag: 412.

    References:
        RFC 4825 7.11, 8.2, 11; 3GPP TS 24.141 6
    """
    documents = cell.documents(cell.terminal())
    stored = documents.keep_buddies(BUDDIES, [f"sip:first@{cell.home.domain}"])
    client = documents.client
    path = client.document(RESOURCE_LISTS)
    for body in (b"<resource-lists", b'<list xmlns="urn:ietf:params:xml:ns:resource-lists"/>'):
        cell.refused(partial(client.put, path, body, LISTS_TYPE), 409)
    cell.refused(lambda: client.get(client.document("no-such-usage")), 404)
    whole = documents.buddies()
    cell.refused(lambda: client.put(path, whole.body, LISTS_TYPE, if_match=f'"not-{stored.status}"'), 412)
    documents.clear()


@pytest.mark.flow("xcap")
def test_schema(cell: Cell) -> None:
    """The XDMS keeps no list that breaks the schema of lists, or has an entry twice.

    Preconditions:
        - The user has a password for the XDMS.
    Steps:
        1. The client stores a list with an entry that has no URI: 409.
        2. It stores a list that has the same entry twice: 409.

    References:
        RFC 4825 8.2.5; RFC 4826 3.2, 3.4.5
    """
    documents = cell.documents(cell.terminal())
    client = documents.client
    path = client.document(RESOURCE_LISTS)
    again = f'<entry uri="sip:first@{cell.home.domain}"/>' * 2
    try:
        for entries in ("<entry/>", again):
            body = (
                f'<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list>{entries}</list></resource-lists>'
            )
            cell.refused(partial(client.put, path, body.encode(), LISTS_TYPE), 409)
    finally:
        with suppress(PresenceRefused):  # what should not be there is not left to the next cell
            client.delete(path)


@pytest.mark.flow("xcap")
def test_wrong_password(cell: Cell) -> None:
    """Who does not know the password gets no document.

    Preconditions:
        - The user is known to the XDMS.
    Steps:
        1. The client asks for the user's rules and answers the challenge with another password.
        2. The XDMS challenges again, and tells nothing.

    References:
        RFC 2617 3.2; 3GPP TS 24.141 6; 3GPP TS 33.222; D2.2 3.3.1
    """
    documents = cell.documents(cell.terminal(), password=cell.subscriber.name)
    cell.refused(documents.rules, 401)


@pytest.mark.flow("xcap")
def test_document_of_another_user(cell: Cell) -> None:
    """A user does not get the rules of another one.

    Preconditions:
        - Both users are known to the XDMS.
    Steps:
        1. The client of one user asks for the rules of the other, and proves who it is.
        2. The XDMS refuses.

    References:
        RFC 4825 5.7, 8; 3GPP TS 24.141 6; D2.2 3.3.3.2
    """
    client = cell.documents(cell.terminal()).client
    others = (impu for one in cell.home.users for impu in one.impus if impu not in cell.subscriber.impus)
    path = client.document(PRES_RULES, user=next(others))
    cell.refused(lambda: client.get(path), 403)


def keep_a_list(cell: Cell, *, secure: bool = True) -> None:
    """Store, change, fetch and remove a buddy list."""
    documents = cell.documents(cell.terminal(), secure=secure)
    first, second = (f"sip:{name}@{cell.home.domain}" for name in ("first", "second"))
    documents.keep_buddies(BUDDIES, [first])
    documents.add_buddy(BUDDIES, second)
    documents.remove_buddy(BUDDIES, first)
    documents.rename_list("friends")
    documents.buddies()
    documents.clear()
