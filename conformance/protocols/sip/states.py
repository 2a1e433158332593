"""The four transaction state machines of RFC 3261 section 17 as tables.

Nothing here knows clocks, messages or sockets: a row says which state follows which stimulus, and what has to
be done. `transaction.py` walks the tables. The state Accepted and the timers L and M are those of RFC 6026,
which corrects how a 2xx to an INVITE ends its transactions.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """States of figures 5 to 8 of RFC 3261, and Accepted of RFC 6026."""

    CALLING = "Calling"
    TRYING = "Trying"
    PROCEEDING = "Proceeding"
    ACCEPTED = "Accepted"
    COMPLETED = "Completed"
    CONFIRMED = "Confirmed"
    TERMINATED = "Terminated"


class Timer(StrEnum):
    """Timers of RFC 3261 table 4, L and M of RFC 6026, and the 200 ms after which an INVITE gets its 100."""

    A = "A"
    B = "B"
    D = "D"
    E = "E"
    F = "F"
    G = "G"
    H = "H"
    I = "I"  # noqa: E741  (the standard's name)
    J = "J"
    K = "K"
    L = "L"
    M = "M"
    TRYING = "100"


class Stimulus(StrEnum):
    """What can happen to a transaction besides a timer."""

    PROVISIONAL = "1xx"
    SUCCESS = "2xx"
    FAILURE = "300-699"
    REQUEST = "request"
    """The request that made the server transaction, again."""
    ACK = "ACK"
    TRANSPORT_ERROR = "transport error"


class Action(StrEnum):
    """What a step asks for."""

    SEND = "send"
    """Client: the request again. Server: the response that the user just gave."""
    RESEND = "resend"
    """Server: the last response again."""
    DELIVER = "deliver"
    """Hand the message to the transaction user."""
    ACKNOWLEDGE = "acknowledge"
    """Client: send the ACK of the transaction."""
    SEND_TRYING = "send 100"
    TIMED_OUT = "timed out"
    TRANSPORT_FAILED = "transport failed"


class Step(NamedTuple):
    """One arrow of a figure."""

    state: State
    actions: tuple[Action, ...] = ()


Table = Mapping[tuple[State, Stimulus | Timer], Step]

_CALLING, _TRYING, _PROCEEDING = State.CALLING, State.TRYING, State.PROCEEDING
_ACCEPTED, _COMPLETED, _CONFIRMED, _END = State.ACCEPTED, State.COMPLETED, State.CONFIRMED, State.TERMINATED
_1XX, _2XX, _BAD = Stimulus.PROVISIONAL, Stimulus.SUCCESS, Stimulus.FAILURE
_REQUEST, _ACK, _ERROR = Stimulus.REQUEST, Stimulus.ACK, Stimulus.TRANSPORT_ERROR
_TIMED_OUT, _FAILED = (Action.TIMED_OUT,), (Action.TRANSPORT_FAILED,)
_SEND, _RESEND, _DELIVER = (Action.SEND,), (Action.RESEND,), (Action.DELIVER,)
_ACK_AND_DELIVER = (Action.ACKNOWLEDGE, Action.DELIVER)

INVITE_CLIENT: Table = {
    (_CALLING, Timer.A): Step(_CALLING, _SEND),
    (_CALLING, Timer.B): Step(_END, _TIMED_OUT),
    (_CALLING, _ERROR): Step(_END, _FAILED),
    (_CALLING, _1XX): Step(_PROCEEDING, _DELIVER),
    (_CALLING, _2XX): Step(_ACCEPTED, _DELIVER),
    (_CALLING, _BAD): Step(_COMPLETED, _ACK_AND_DELIVER),
    (_PROCEEDING, _1XX): Step(_PROCEEDING, _DELIVER),
    (_PROCEEDING, _2XX): Step(_ACCEPTED, _DELIVER),
    (_PROCEEDING, _BAD): Step(_COMPLETED, _ACK_AND_DELIVER),
    (_PROCEEDING, _ERROR): Step(_END, _FAILED),
    (_ACCEPTED, _2XX): Step(_ACCEPTED, _DELIVER),
    (_ACCEPTED, Timer.M): Step(_END),
    (_COMPLETED, _BAD): Step(_COMPLETED, (Action.ACKNOWLEDGE,)),
    (_COMPLETED, _ERROR): Step(_END, _FAILED),
    (_COMPLETED, Timer.D): Step(_END),
}
"""RFC 3261 17.1.1.2, figure 5, corrected by RFC 6026."""

NON_INVITE_CLIENT: Table = {
    (_TRYING, Timer.E): Step(_TRYING, _SEND),
    (_TRYING, Timer.F): Step(_END, _TIMED_OUT),
    (_TRYING, _ERROR): Step(_END, _FAILED),
    (_TRYING, _1XX): Step(_PROCEEDING, _DELIVER),
    (_TRYING, _2XX): Step(_COMPLETED, _DELIVER),
    (_TRYING, _BAD): Step(_COMPLETED, _DELIVER),
    (_PROCEEDING, Timer.E): Step(_PROCEEDING, _SEND),
    (_PROCEEDING, Timer.F): Step(_END, _TIMED_OUT),
    (_PROCEEDING, _ERROR): Step(_END, _FAILED),
    (_PROCEEDING, _1XX): Step(_PROCEEDING, _DELIVER),
    (_PROCEEDING, _2XX): Step(_COMPLETED, _DELIVER),
    (_PROCEEDING, _BAD): Step(_COMPLETED, _DELIVER),
    (_COMPLETED, Timer.K): Step(_END),
}
"""RFC 3261 17.1.2.2, figure 6."""

INVITE_SERVER: Table = {
    (_PROCEEDING, Timer.TRYING): Step(_PROCEEDING, (Action.SEND_TRYING,)),
    (_PROCEEDING, _REQUEST): Step(_PROCEEDING, _RESEND),
    (_PROCEEDING, _1XX): Step(_PROCEEDING, _SEND),
    (_PROCEEDING, _2XX): Step(_ACCEPTED, _SEND),
    (_PROCEEDING, _BAD): Step(_COMPLETED, _SEND),
    (_PROCEEDING, _ERROR): Step(_END, _FAILED),
    (_ACCEPTED, _2XX): Step(_ACCEPTED, _SEND),
    (_ACCEPTED, _ACK): Step(_ACCEPTED, _DELIVER),
    (_ACCEPTED, _ERROR): Step(_ACCEPTED, _FAILED),
    (_ACCEPTED, Timer.L): Step(_END),
    (_COMPLETED, _REQUEST): Step(_COMPLETED, _RESEND),
    (_COMPLETED, Timer.G): Step(_COMPLETED, _RESEND),
    (_COMPLETED, Timer.H): Step(_END, _TIMED_OUT),
    (_COMPLETED, _ACK): Step(_CONFIRMED),
    (_COMPLETED, _ERROR): Step(_END, _FAILED),
    (_CONFIRMED, Timer.I): Step(_END),
}
"""RFC 3261 17.2.1, figure 7, corrected by RFC 6026."""

NON_INVITE_SERVER: Table = {
    (_TRYING, _1XX): Step(_PROCEEDING, _SEND),
    (_TRYING, _2XX): Step(_COMPLETED, _SEND),
    (_TRYING, _BAD): Step(_COMPLETED, _SEND),
    (_PROCEEDING, _REQUEST): Step(_PROCEEDING, _RESEND),
    (_PROCEEDING, _1XX): Step(_PROCEEDING, _SEND),
    (_PROCEEDING, _2XX): Step(_COMPLETED, _SEND),
    (_PROCEEDING, _BAD): Step(_COMPLETED, _SEND),
    (_PROCEEDING, _ERROR): Step(_END, _FAILED),
    (_COMPLETED, _REQUEST): Step(_COMPLETED, _RESEND),
    (_COMPLETED, _ERROR): Step(_END, _FAILED),
    (_COMPLETED, Timer.J): Step(_END),
}
"""RFC 3261 17.2.2, figure 8."""


class Machine(NamedTuple):
    """One of the four machines."""

    name: str
    initial: State
    table: Table
    starts: Mapping[State, tuple[Timer, ...]]
    """Timers that begin when the state is entered. A timer ends where the state has no arrow for it."""


MACHINES: Mapping[tuple[str, bool], Machine] = {
    ("client", True): Machine(
        "INVITE client",
        _CALLING,
        INVITE_CLIENT,
        {_CALLING: (Timer.A, Timer.B), _ACCEPTED: (Timer.M,), _COMPLETED: (Timer.D,)},
    ),
    ("client", False): Machine(
        "non-INVITE client",
        _TRYING,
        NON_INVITE_CLIENT,
        {_TRYING: (Timer.E, Timer.F), _COMPLETED: (Timer.K,)},
    ),
    ("server", True): Machine(
        "INVITE server",
        _PROCEEDING,
        INVITE_SERVER,
        {
            _PROCEEDING: (Timer.TRYING,),
            _ACCEPTED: (Timer.L,),
            _COMPLETED: (Timer.G, Timer.H),
            _CONFIRMED: (Timer.I,),
        },
    ),
    ("server", False): Machine(
        "non-INVITE server",
        _TRYING,
        NON_INVITE_SERVER,
        {_COMPLETED: (Timer.J,)},
    ),
}
"""By side, and whether the method is INVITE."""
