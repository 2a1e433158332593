"""Times and round trips at the side of a ladder."""

from __future__ import annotations

from conformance.report.times import round_trips, since_first
from conformance.vocabulary.results import Arrow

MS = 1_000_000


def arrow(ms: float, summary: str, *, back: bool = False, transaction: int | None = 0, again: bool = False) -> Arrow:
    source, destination = ("home-pcscf", "ue") if back else ("ue", "home-pcscf")
    return Arrow(
        capture=0,
        frame=1,
        time_ns=round(ms * MS),
        point=None,
        protocol="SIP",
        source=source,
        destination=destination,
        summary=summary,
        transaction=transaction,
        retransmission=again,
    )


def test_times_count_from_the_first_message() -> None:
    assert since_first([arrow(5, "REGISTER"), arrow(17.3, "200 OK", back=True)]) == ["+0.0", "+12.3"]
    assert since_first([]) == []


def test_the_final_response_ends_the_round_trip_and_the_provisional_one_does_not() -> None:
    arrows = [arrow(0, "REGISTER"), arrow(2, "100 Trying", back=True), arrow(9, "200 OK", back=True)]
    assert round_trips(arrows) == ["", "", "9.0"]


def test_what_is_sent_again_begins_and_ends_nothing() -> None:
    arrows = [
        arrow(0, "REGISTER"),
        arrow(500, "REGISTER", again=True),
        arrow(600, "200 OK", back=True),
        arrow(700, "200 OK", back=True, again=True),
    ]
    assert round_trips(arrows) == ["", "", "600.0", ""]


def test_transactions_that_overlap_are_kept_apart() -> None:
    arrows = [
        arrow(0, "REGISTER", transaction=0),
        arrow(1, "OPTIONS", transaction=1),
        arrow(3, "200 OK", back=True, transaction=1),
        arrow(7, "200 OK", back=True, transaction=0),
    ]
    assert round_trips(arrows) == ["", "", "2.0", "7.0"]


def test_a_result_without_transactions_has_no_round_trips() -> None:
    arrows = [arrow(0, "REGISTER", transaction=None), arrow(9, "200 OK", back=True, transaction=None)]
    assert round_trips(arrows) == ["", ""]
