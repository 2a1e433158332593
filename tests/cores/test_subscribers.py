from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from conformance.cores.emulated.database import SqliteDatabase
from conformance.cores.emulated.subscribers import State, SubscriberStore
from conformance.protocols.aka import next_sqn
from conformance.vocabulary.errors import BadInput, TestbedDown
from conformance.vocabulary.federation import Subscriber
from conformance.vocabulary.filter_criteria import Case, FilterCriterion, Handling, Trigger

ALICE = Subscriber.model_validate(
    {
        "name": "alice",
        "impi": "alice@a.test",
        "impus": ["sip:alice@a.test", "tel:+34910000001"],
        "k": "465b5ce8b199b49faa5f0a2ee238a6bc",
        "opc": "cd63cb71954a9f4e48a5994e37a02baf",
    }
)
BOB = Subscriber.model_validate(
    {"name": "bob", "impi": "bob@a.test", "impus": ["sip:bob@a.test"], "password": "swordfish"}
)


def test_subscribers_are_found_by_either_identity(tmp_path: Path) -> None:
    store = SubscriberStore(SqliteDatabase(tmp_path / "hss.sqlite"))
    store.provision([ALICE, BOB])
    alice = store.by_impi("alice@a.test")
    assert alice is not None
    assert store.by_impu("tel:+34910000001") == (alice,)
    assert alice.impus == ("sip:alice@a.test", "tel:+34910000001")
    assert alice.uses_aka
    assert alice.amf == b"\x80\x00"
    (bob,) = store.by_impu("sip:bob@a.test")
    assert bob.password is not None
    assert bob.password.reveal() == b"swordfish"
    assert not bob.uses_aka
    assert store.by_impi("eve@a.test") is None
    assert store.by_impu("sip:eve@a.test") == ()
    store.close()


def test_a_restart_keeps_number_and_registration(tmp_path: Path) -> None:
    store = SubscriberStore(SqliteDatabase(tmp_path / "hss.sqlite"))
    store.provision([ALICE])
    used = [store.take_sqn("alice@a.test") for _ in range(3)]
    store.assign("alice@a.test", State.REGISTERED, "sip:scscf.a.test", "scscf.a.test")
    store.close()

    store = SubscriberStore(SqliteDatabase(tmp_path / "hss.sqlite"))
    store.provision([ALICE, BOB])
    alice = store.by_impi("alice@a.test")
    assert alice is not None
    assert (alice.state, alice.server_name) == (State.REGISTERED, "sip:scscf.a.test")
    assert used == [33, 66, 99]
    assert store.take_sqn("alice@a.test") == next_sqn(used[-1])
    store.close()


def test_who_is_no_longer_provisioned_is_gone(tmp_path: Path) -> None:
    store = SubscriberStore(SqliteDatabase(tmp_path / "hss.sqlite"))
    store.provision([ALICE, BOB])
    store.provision([BOB])
    assert store.by_impi("alice@a.test") is None
    assert store.by_impu("sip:alice@a.test") == ()
    store.close()


def test_devices_of_one_user_share_public_identities(tmp_path: Path) -> None:
    store = SubscriberStore(SqliteDatabase(tmp_path / "hss.sqlite"))
    store.provision([ALICE, ALICE.model_copy(update={"impi": "alice-tablet@a.test"})])
    assert [one.impi for one in store.by_impu("sip:alice@a.test")] == ["alice-tablet@a.test", "alice@a.test"]
    store.assign("alice@a.test", State.REGISTERED, "sip:scscf.a.test", "scscf.a.test")
    store.release("alice-tablet@a.test")
    assert [one.state for one in store.by_impu("sip:alice@a.test")] == [State.NOT_REGISTERED, State.REGISTERED]
    store.close()


def test_an_identity_that_a_subscriber_has_twice_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    store = SubscriberStore(SqliteDatabase(tmp_path / "hss.sqlite"))
    store.provision([BOB])
    twice = ALICE.model_copy(update={"impus": ("sip:alice@a.test", "sip:alice@a.test")})
    with pytest.raises(BadInput, match=r"alice@a\.test: expected each public identity once, found sip:alice@a\.test"):
        store.provision([twice])
    assert store.by_impi("alice@a.test") is None
    assert store.by_impu("sip:bob@a.test")
    store.close()


def test_authentication_assignment_and_release(tmp_path: Path) -> None:
    store = SubscriberStore(SqliteDatabase(tmp_path / "hss.sqlite"))
    store.provision([ALICE])

    def told() -> tuple[State, bool, str | None, str | None]:
        alice = store.by_impi("alice@a.test")
        assert alice is not None
        return alice.state, alice.pending, alice.server_name, alice.server_host

    server = ("sip:scscf.a.test", "scscf.a.test")
    assert told() == (State.NOT_REGISTERED, False, None, None)
    store.begin_authentication("alice@a.test", *server)
    assert told() == (State.NOT_REGISTERED, True, *server)
    store.assign("alice@a.test", State.REGISTERED, *server)
    assert told() == (State.REGISTERED, False, *server)
    store.begin_authentication("alice@a.test", *server)
    store.end_authentication("alice@a.test")
    assert told() == (State.REGISTERED, False, *server)
    store.release("alice@a.test", keep_server=True)
    assert told() == (State.UNREGISTERED, False, *server)
    store.release("alice@a.test")
    assert told() == (State.NOT_REGISTERED, False, None, None)
    store.close()


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "hss.sqlite"
    path.write_bytes(b"this is not a database, it is some text that is long enough" * 20)
    with pytest.raises(TestbedDown, match="expected a database of subscribers, found: file is not a database"):
        SubscriberStore(SqliteDatabase(path))


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    store = SubscriberStore(SqliteDatabase(tmp_path / "hss.sqlite"))
    store.provision([ALICE, BOB])
    text = f"{store.by_impi('alice@a.test')} {store.by_impi('bob@a.test')}"
    assert "465b5ce8" not in text
    assert "F[\\" not in text
    assert "swordfish" not in text
    store.close()
    assert (tmp_path / "hss.sqlite").stat().st_mode & 0o777 == 0o600  # the file has them, for its owner alone
    with sqlite3.connect(tmp_path / "hss.sqlite") as database:
        assert database.execute("SELECT count(*) FROM subscription").fetchone() == (2,)
    database.close()


def test_filter_criteria_are_kept_as_they_were_provisioned(tmp_path: Path) -> None:
    criteria = (
        FilterCriterion(priority=1, when=((Trigger(method="INVITE"),), (Trigger(session_case=Case.ORIGINATING),))),
        FilterCriterion(priority=2, server="sip:as.a.test", default_handling=Handling.TERMINATED),
    )
    store = SubscriberStore(SqliteDatabase(tmp_path / "hss.sqlite"))
    store.provision([ALICE.model_copy(update={"filter_criteria": criteria}), BOB])
    assert store.filter_criteria("alice@a.test") == criteria
    assert store.filter_criteria("bob@a.test") == ()
    store.provision([ALICE, BOB])
    assert store.filter_criteria("alice@a.test") == ()
