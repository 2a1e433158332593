"""RFC 3261 section 17 with a clock that the test turns."""

import pytest

from conformance.protocols.sip.states import Action, State, Stimulus
from conformance.protocols.sip.timers import SipTimers
from conformance.protocols.sip.transaction import Transaction

TIMERS = SipTimers(t1_s=0.5, t2_s=4.0, t4_s=5.0)
START = 1000.0


def make(side: str, *, invite: bool = False, reliable: bool = False, now: float = START) -> Transaction:
    return Transaction(side, invite=invite, timers=TIMERS, reliable=reliable, now=now)


def play(transaction: Transaction, until: float = 200.0) -> list[tuple[float, Action]]:
    """Turn the clock from alarm to alarm; return what was done, by seconds after the start."""
    done = []
    while (deadline := transaction.deadline) is not None and deadline <= START + until:
        done += [(deadline - START, action) for action in transaction.advance(deadline)]
    return done


def times(done: list[tuple[float, Action]], action: Action) -> list[float]:
    return [when for when, what in done if what is action]


def test_non_invite_request_is_sent_again_at_t1_doubling_to_t2_and_given_up_at_64_t1() -> None:
    """RFC 3261 17.1.2.2: intervals of 500 ms, 1 s, 2 s, 4 s, 4 s, ..."""
    transaction = make("client")
    done = play(transaction)
    assert times(done, Action.SEND) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert times(done, Action.TIMED_OUT) == [32.0]
    assert transaction.terminated


def test_invite_is_sent_again_with_ever_doubling_intervals_and_given_up_at_64_t1() -> None:
    """RFC 3261 17.1.1.2: 500 ms, 1 s, 2 s, 4 s, 8 s, 16 s; timer A knows no T2."""
    transaction = make("client", invite=True)
    done = play(transaction)
    assert times(done, Action.SEND) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert times(done, Action.TIMED_OUT) == [32.0]
    assert transaction.terminated


@pytest.mark.parametrize("invite", [True, False])
def test_nothing_is_sent_again_over_a_reliable_transport(invite: bool) -> None:
    transaction = make("client", invite=invite, reliable=True)
    assert play(transaction) == [(32.0, Action.TIMED_OUT)]


def test_a_provisional_response_slows_a_non_invite_client_to_t2() -> None:
    transaction = make("client")
    transaction.advance(START + 0.5)
    assert transaction.receive(Stimulus.PROVISIONAL, START + 0.6) == (Action.DELIVER,)
    assert transaction.state is State.PROCEEDING
    done = play(transaction)
    assert times(done, Action.SEND)[:3] == [1.5, 5.5, 9.5]
    assert times(done, Action.TIMED_OUT) == [32.0]


def test_a_provisional_response_ends_retransmissions_and_timeout_of_an_invite() -> None:
    transaction = make("client", invite=True)
    assert transaction.receive(Stimulus.PROVISIONAL, START + 0.1) == (Action.DELIVER,)
    assert transaction.deadline is None


@pytest.mark.parametrize(("reliable", "kept"), [(False, 5.0), (True, 0.0)])
def test_a_non_invite_client_absorbs_copies_of_the_final_response_for_t4(reliable: bool, kept: float) -> None:
    """Timer K (RFC 3261 table 4)."""
    transaction = make("client", reliable=reliable)
    assert transaction.receive(Stimulus.SUCCESS, START + 1) == (Action.DELIVER,)
    assert transaction.receive(Stimulus.SUCCESS, START + 1) == ()
    assert transaction.deadline == START + 1 + kept
    assert play(transaction) == []
    assert transaction.terminated


@pytest.mark.parametrize(("reliable", "kept"), [(False, 32.0), (True, 0.0)])
def test_an_invite_client_acknowledges_each_copy_of_a_failure(reliable: bool, kept: float) -> None:
    """Timer D and the ACK of RFC 3261 17.1.1.3."""
    transaction = make("client", invite=True, reliable=reliable)
    assert transaction.receive(Stimulus.FAILURE, START) == (Action.ACKNOWLEDGE, Action.DELIVER)
    assert transaction.receive(Stimulus.FAILURE, START) == (Action.ACKNOWLEDGE,)
    assert transaction.deadline == START + kept


def test_an_invite_client_passes_every_copy_of_a_2xx_up() -> None:
    """RFC 6026: the user acknowledges each of them."""
    transaction = make("client", invite=True)
    assert transaction.receive(Stimulus.SUCCESS, START) == (Action.DELIVER,)
    assert transaction.receive(Stimulus.SUCCESS, START + 1) == (Action.DELIVER,)
    assert transaction.deadline == START + 32.0


@pytest.mark.parametrize("invite", [True, False])
def test_a_transport_error_ends_a_client(invite: bool) -> None:
    transaction = make("client", invite=invite)
    assert transaction.receive(Stimulus.TRANSPORT_ERROR, START) == (Action.TRANSPORT_FAILED,)
    assert transaction.terminated
    assert transaction.deadline is None


def test_a_non_invite_server_answers_copies_only_when_the_user_has_answered() -> None:
    """RFC 3261 17.2.2."""
    transaction = make("server")
    assert transaction.receive(Stimulus.REQUEST, START + 0.5) == ()
    assert transaction.receive(Stimulus.SUCCESS, START + 1) == (Action.SEND,)
    assert transaction.receive(Stimulus.REQUEST, START + 1.5) == (Action.RESEND,)
    assert transaction.receive(Stimulus.FAILURE, START + 2) == ()
    assert transaction.deadline == START + 1 + 32.0


def test_a_non_invite_server_over_tcp_is_over_with_its_response() -> None:
    """Timer J is zero on a reliable transport."""
    transaction = make("server", reliable=True)
    transaction.receive(Stimulus.SUCCESS, START)
    assert transaction.advance(START) == ()
    assert transaction.terminated


def test_an_invite_server_sends_100_when_the_user_is_silent_for_200_ms() -> None:
    transaction = make("server", invite=True)
    assert play(transaction) == [(pytest.approx(0.2), Action.SEND_TRYING)]


def test_an_invite_server_repeats_a_failure_until_64_t1_or_the_ack() -> None:
    """Timers G and H of RFC 3261 17.2.1."""
    transaction = make("server", invite=True)
    assert transaction.receive(Stimulus.FAILURE, START) == (Action.SEND,)
    done = play(transaction)
    assert times(done, Action.RESEND) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert times(done, Action.TIMED_OUT) == [32.0]


@pytest.mark.parametrize(("reliable", "kept"), [(False, 5.0), (True, 0.0)])
def test_the_ack_ends_the_repetition_and_its_copies_are_absorbed_for_t4(reliable: bool, kept: float) -> None:
    """Timer I."""
    transaction = make("server", invite=True, reliable=reliable)
    transaction.receive(Stimulus.FAILURE, START)
    assert transaction.receive(Stimulus.ACK, START + 1) == ()
    assert transaction.state is State.CONFIRMED
    assert transaction.receive(Stimulus.ACK, START + 1) == ()
    assert transaction.deadline == START + 1 + kept


def test_an_invite_server_absorbs_copies_of_the_invite_after_a_2xx() -> None:
    """RFC 6026: with the figures of RFC 3261 alone each copy would ring again."""
    transaction = make("server", invite=True)
    assert transaction.receive(Stimulus.SUCCESS, START) == (Action.SEND,)
    assert transaction.receive(Stimulus.REQUEST, START + 1) == ()
    assert transaction.receive(Stimulus.ACK, START + 1) == (Action.DELIVER,)
    assert transaction.deadline == START + 32.0


def test_timers_that_are_due_together_fire_in_their_order() -> None:
    transaction = make("client")
    actions = transaction.advance(START + 100)
    assert actions == (*[Action.SEND] * 10, Action.TIMED_OUT)
