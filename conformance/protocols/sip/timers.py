"""Timer values of SIP transactions (RFC 3261, table 4)."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.vocabulary.federation import Timers


@dataclass(frozen=True, slots=True)
class SipTimers:
    """The three values that all transaction timers are derived from, in seconds.

    Args:
        t1_s: estimate of the round-trip time.
        t2_s: longest interval between retransmissions of a non-INVITE request or an INVITE response.
        t4_s: longest time that a message stays in the network.
    """

    t1_s: float = 0.5
    t2_s: float = 4.0
    t4_s: float = 5.0

    @classmethod
    def core(cls, timers: Timers) -> SipTimers:
        """Return the values between the nodes of the networks, from the federation's table."""
        return cls(timers.t1_ms / 1000, timers.t2_ms / 1000, timers.t4_ms / 1000)

    @classmethod
    def gm(cls, timers: Timers) -> SipTimers:
        """Return the values between terminal and P-CSCF, which 3GPP TS 24.229 sets for itself."""
        return cls(timers.gm_t1_ms / 1000, timers.gm_t2_ms / 1000, timers.gm_t4_ms / 1000)

    @property
    def timeout_s(self) -> float:
        """64*T1 in seconds: timers B, F, H and J, and how long D, L and M wait on an unreliable transport."""
        return 64 * self.t1_s
