"""The registrar's memory (RFC 3261 10.3)."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.cores.emulated.registrar import IntervalTooBrief, OutOfOrder, Registrar, Registration

IMPUS = ("sip:a@h", "sip:b@h")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registrar(clock: Clock) -> Registrar:
    return Registrar(600, 60, clock)


def bind(registrar: Registrar, *contacts: str, expires: str | None = None, **other: Any) -> Registration:
    wish = registrar.read_wish(contacts, expires)
    values = {"impi": "i", "identities": IMPUS, "path": ("<sip:p;lr>",), "call_id": "c", "cseq": 1, **other}
    return registrar.bind(values.pop("impi"), values.pop("identities"), wish, **values)


@pytest.mark.parametrize(
    ("contact", "expires", "granted"),
    [
        ("<sip:a@1>", None, 600),
        ("<sip:a@1>", "100", 100),
        ("<sip:a@1>", "600000", 600),
        ("<sip:a@1>;expires=100", "200", 100),
        ("<sip:a@1>;expires=9999999999", None, 600),
        ("<sip:a@1>;expires=0", "200", 0),
    ],
)
def test_what_is_granted(registrar: Registrar, contact: str, expires: str | None, granted: int) -> None:
    ((_, seconds),) = registrar.read_wish([contact], expires).contacts
    assert seconds == granted


@pytest.mark.parametrize(
    ("contacts", "expires"),
    [(["*"], None), (["*"], "60"), (["*, <sip:a@1>"], "0"), (["<sip:a@1>"], "-1"), (["<sip:a@1>;expires=x"], None)],
)
def test_what_is_no_wish(registrar: Registrar, contacts: list[str], expires: str | None) -> None:
    with pytest.raises(ValueError, match="expected"):
        registrar.read_wish(contacts, expires)


def test_too_brief(registrar: Registrar) -> None:
    with pytest.raises(IntervalTooBrief):
        registrar.read_wish(["<sip:a@1>"], "59")


def test_a_federation_that_grants_little_also_lets_ask_for_little(clock: Clock) -> None:
    assert Registrar(3, 60, clock).read_wish(["<sip:a@1>"], "3").contacts[0][1] == 3


def test_the_set_shares_one_registration(registrar: Registrar) -> None:
    bind(registrar, "<sip:a@1>")
    assert registrar.find("sip:b@h") is registrar.find("sip:a@h")
    assert registrar.find("sip:c@h") is None


def test_a_new_contact_of_the_same_terminal_replaces_the_old_one(registrar: Registrar) -> None:
    bind(registrar, "<sip:a@1>")
    assert list(bind(registrar, "<sip:a@2>").bindings) == ["sip:a@2"]


def test_a_contact_of_another_terminal_is_added(registrar: Registrar) -> None:
    bind(registrar, "<sip:a@1>")
    assert list(bind(registrar, "<sip:a@2>", impi="j").bindings) == ["sip:a@1", "sip:a@2"]


def test_a_terminal_that_removes_everything_leaves_the_other_device(registrar: Registrar) -> None:
    bind(registrar, "<sip:a@1>")
    bind(registrar, "<sip:a@2>", impi="j")
    registration = bind(registrar, "*", expires="0")
    assert list(registration.bindings) == ["sip:a@2"]
    assert registrar.find("sip:a@h") is registration


def test_the_last_contact_takes_the_registration_along(registrar: Registrar) -> None:
    bind(registrar, "<sip:a@1>")
    bind(registrar, "<sip:a@1>", expires="0")
    assert registrar.find("sip:b@h") is None


def test_order_within_a_call_id(registrar: Registrar) -> None:
    bind(registrar, "<sip:a@1>", cseq=5)
    wish = registrar.read_wish(["<sip:a@1>"], None)
    for cseq in (4, 5):
        with pytest.raises(OutOfOrder):
            registrar.check_order("sip:b@h", wish, "c", cseq)
    registrar.check_order("sip:b@h", wish, "c", 6)
    registrar.check_order("sip:b@h", wish, "other", 1)
    with pytest.raises(OutOfOrder):
        registrar.check_order("sip:b@h", registrar.read_wish(["*"], "0"), "c", 5)


def test_time_ends_contacts_and_registrations(registrar: Registrar, clock: Clock) -> None:
    bind(registrar, "<sip:a@1>", expires="100")
    bind(registrar, "<sip:a@2>", expires="200", impi="j")
    assert registrar.next_expiry() == 1100
    clock.now = 1100
    registration = registrar.find("sip:a@h")
    assert registration is not None
    ((found, gone),) = registrar.expired()
    assert (found, [binding.impi for binding in gone]) == (registration, ["i"])
    assert not registration.has("i")
    assert registrar.next_expiry() == 1200
    assert list(registration.bindings) == ["sip:a@2"]
    assert registrar.users() == ["sip:a@h"]
    assert registrar.remaining_s(registration.bindings["sip:a@2"]) == 100
    clock.now = 1200
    assert registrar.users() == []
    assert [r.identities for r, _ in registrar.expired()] == [IMPUS]
    assert registrar.find("sip:a@h") is None
    assert registrar.next_expiry() is None


def test_by_private_identity(registrar: Registrar) -> None:
    bind(registrar, "<sip:a@1>")
    assert [r.identities for r in registrar.of_private_identity("i")] == [IMPUS]
    assert registrar.of_private_identity("j") == []
