"""What a cell has for presence: whose client it is, and that nothing stays."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.fabric.fabric import Attachment
from conformance.federation import default_federation_path, load_federation
from conformance.runs.parties import Party
from conformance.runs.presence import CellPresence, once, xcap_client
from conformance.terminals.event_log import EventLog
from conformance.terminals.presence_failures import PresenceTimedOut
from conformance.vocabulary.errors import BadInput, BeyondProgram
from conformance.vocabulary.federation import Federation


@pytest.fixture(scope="module")
def federation() -> Federation:
    return load_federation(default_federation_path())


def party(federation: Federation, access_point: str = "visited") -> Party:
    home = federation.testbeds["uc3m"]
    return Party(home, federation.testbeds["stuba"], access_point, home.subscriber("alice"))


def place(federation: Federation, tunnel: Any = None) -> Attachment:
    return Attachment(federation.testbeds["stuba"].access_networks[0].pool[1], tunnel)


@pytest.mark.parametrize(
    ("secure", "root"),
    [
        (True, "https://xcap.uc3m.netlab.test:8443/xcap-root"),
        (False, "http://xcap.uc3m.netlab.test:8080/xcap-root"),
    ],
)
def test_a_visitor_asks_the_xdms_of_home(federation: Federation, secure: bool, root: str) -> None:
    made = xcap_client(federation, party(federation), place(federation), EventLog(), None, secure)
    assert (made.place.root, made.place.user) == (root, "sip:alice@uc3m.netlab.test")
    assert made.place.source == "127.1.2.129"
    assert (made.place.tls is not None) is secure


def test_the_tunnel_of_the_home_access_point_carries_no_tcp(federation: Federation) -> None:
    with pytest.raises(BeyondProgram, match="XCAP goes over TCP, and the tunnel of the home access point carries UDP"):
        xcap_client(federation, party(federation, "home"), place(federation, object()), EventLog(), None, True)


def test_a_user_without_a_password_is_named(federation: Federation) -> None:
    one = party(federation)
    poor = Party(one.home, one.visited, "visited", one.subscriber.model_copy(update={"xcap_password": None}))
    with pytest.raises(BadInput, match="subscriber alice: found no password for digest, expected xcap_password"):
        xcap_client(federation, poor, place(federation), EventLog(), None, True)


class Leaving:
    """A terminal whose presence ends, or does not."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.presence = self
        self.ended = 0

    def withdraw(self) -> None:
        self.ended += 1
        if self.error is not None:
            raise self.error


def test_one_that_does_not_end_keeps_nobody_else() -> None:
    terminals: Any = [Leaving(PresenceTimedOut("no answer")), Leaving()]
    told = CellPresence(None, EventLog()).leave(terminals)  # type: ignore[arg-type]
    assert told == ["end of presence after the cell: no answer"]
    assert [one.ended for one in terminals] == [1, 1]


def test_once_is_once() -> None:
    done: list[int] = []
    work = once(lambda: done.append(1))
    work()
    work()
    assert done == [1]
