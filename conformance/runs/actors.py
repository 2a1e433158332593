"""Who else may try to register: variations of a subscriber and of a home network, for test cases of refusals."""

from __future__ import annotations

from conformance.protocols.aka import IND_BITS, SequenceNumbers
from conformance.vocabulary.federation import Subscriber, Testbed
from conformance.vocabulary.secrets import Secret

UNKNOWN_DOMAIN = "nowhere.test"
_AHEAD = 1 << 20
"""SEQ of a memory that is ahead: far beyond what an HSS issues in a run, far below what is out of range."""


def stranger(subscriber: Subscriber, domain: str) -> Subscriber:
    """Return somebody whom no HSS knows, with the subscriber's own kind of credentials."""
    return subscriber.model_copy(
        update={"name": "stranger", "impi": f"stranger@{domain}", "impus": (f"sip:stranger@{domain}",)}
    )


def impostor(subscriber: Subscriber) -> Subscriber:
    """Return somebody who claims the subscriber's identities and has another key or password."""
    wrong = {"k": Secret(bytes(16))} if subscriber.uses_aka else {"password": Secret(b"wrong")}
    return subscriber.model_copy(update=wrong)


def nowhere(testbed: Testbed) -> Testbed:
    """Return a home network that no zone describes."""
    return testbed.model_copy(update={"domain": UNKNOWN_DOMAIN})


def numbers_ahead() -> SequenceNumbers:
    """Return the memory of a terminal that has accepted vectors which the HSS has forgotten (TS 33.102 annex C)."""
    numbers = SequenceNumbers()
    for index in range(1 << IND_BITS):
        numbers.accept(_AHEAD << IND_BITS | index)
    return numbers
