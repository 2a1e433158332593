"""Outstanding challenges (3GPP TS 24.229 5.4.1.2, RFC 2617 3.2.2)."""

from __future__ import annotations

import pytest

from conformance.cores.emulated.challenges import AWAIT_AUTHENTICATION_S, Answer, Challenges
from conformance.protocols.aka import digest_ha1, digest_response
from conformance.protocols.sip.digest_header import DigestHeader

HA1 = digest_ha1("i", "r", b"password")
URI = "sip:r"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def challenges(clock: Clock) -> Challenges:
    challenges = Challenges(clock)
    challenges.add(impi="i", realm="r", nonce="n", ha1=HA1, call_id="c", rand=b"R" * 16)
    return challenges


def credentials(qop: str | None = "auth", **other: str) -> DigestHeader:
    response = digest_response(
        HA1, method="REGISTER", uri=URI, nonce="n", qop=qop, nc="00000001", cnonce="x", body=b"body"
    )
    values = {"username": "i", "realm": "r", "nonce": "n", "uri": URI, "response": response}
    if qop is not None:
        values |= {"qop": qop, "nc": "00000001", "cnonce": "x"}
    return DigestHeader.credentials(**(values | other))


def judge(challenges: Challenges, given: DigestHeader, call_id: str = "c") -> Answer:
    return challenges.judge(given, method="REGISTER", call_id=call_id, body=b"body")[0]


@pytest.mark.parametrize("qop", ["auth", "auth-int", None])
def test_each_form_of_a_right_response(challenges: Challenges, qop: str | None) -> None:
    assert judge(challenges, credentials(qop)) is Answer.RIGHT
    assert judge(challenges, credentials(qop)) is Answer.NONE


def test_a_wrong_response_spends_the_challenge(challenges: Challenges) -> None:
    assert judge(challenges, credentials(response="0" * 32)) is Answer.WRONG
    assert judge(challenges, credentials()) is Answer.NONE


def test_a_challenge_is_for_one_user(challenges: Challenges) -> None:
    assert judge(challenges, credentials(username="j")) is Answer.NONE
    assert judge(challenges, credentials()) is Answer.RIGHT


def test_time_runs_out(challenges: Challenges, clock: Clock) -> None:
    clock.now = AWAIT_AUTHENTICATION_S
    assert judge(challenges, credentials()) is Answer.NONE


def test_the_first_register_is_no_answer(challenges: Challenges) -> None:
    assert judge(challenges, credentials(nonce="", response="")) is Answer.NONE
    assert judge(challenges, credentials()) is Answer.RIGHT


def test_an_empty_response_refuses_the_network(challenges: Challenges) -> None:
    assert judge(challenges, credentials(response="")) is Answer.NETWORK_REFUSED


def test_an_empty_response_to_a_damaged_nonce_ends_the_same_procedure(challenges: Challenges) -> None:
    assert judge(challenges, credentials(response="", nonce="m"), call_id="d") is Answer.NONE
    assert judge(challenges, credentials(response="", nonce="m")) is Answer.NETWORK_REFUSED


def test_auts_asks_for_resynchronisation(challenges: Challenges) -> None:
    answer, challenge = challenges.judge(credentials(auts="eHg="), method="REGISTER", call_id="c")
    assert answer is Answer.OUT_OF_STEP
    assert challenge is not None
    assert challenge.rand == b"R" * 16


def test_auts_to_md5_is_wrong(challenges: Challenges) -> None:
    challenges.add(impi="i", realm="r", nonce="m", ha1=HA1, call_id="other")
    assert judge(challenges, credentials(nonce="m", auts="eHg=")) is Answer.WRONG


def test_a_new_challenge_replaces_the_old_one_of_the_procedure(challenges: Challenges) -> None:
    challenges.add(impi="i", realm="r", nonce="m", ha1=HA1, call_id="c")
    assert judge(challenges, credentials()) is Answer.NONE


def test_their_number_is_bounded(challenges: Challenges) -> None:
    for index in range(5000):
        challenges.add(impi="i", realm="r", nonce=f"n{index}", ha1=HA1, call_id=f"c{index}")
    assert len(challenges._by_nonce) == 4096
    assert judge(challenges, credentials()) is Answer.NONE


def test_nothing_secret_is_shown(challenges: Challenges) -> None:
    assert HA1 not in repr(challenges.judge(credentials(), method="REGISTER", call_id="c"))
