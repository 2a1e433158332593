from conformance.protocols.sip.timers import SipTimers
from conformance.vocabulary.federation import Timers


def test_core_and_gm_take_their_own_columns_of_the_federation() -> None:
    timers = Timers()
    assert SipTimers.core(timers) == SipTimers(t1_s=0.5, t2_s=4.0, t4_s=5.0)
    assert SipTimers.gm(timers) == SipTimers(t1_s=2.0, t2_s=16.0, t4_s=17.0)


def test_timeout_is_64_t1() -> None:
    assert SipTimers().timeout_s == 32.0
