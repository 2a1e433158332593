"""The first REGISTER of a profile, as it would be sent: for who wants to see it and not to drive it."""

from __future__ import annotations

from sipmessage import Via

from conformance.protocols.sip.message import new_branch, push_via, write_message
from conformance.quirks.edits import edit_of
from conformance.quirks.profiles import Profile
from conformance.stack.hop import Hop
from conformance.terminals.authenticator import Authenticator
from conformance.terminals.manner import Manner
from conformance.terminals.register_request import RegisterSeries
from conformance.vocabulary.federation import Subscriber

DOMAIN = "home.net"
UE, PCSCF = Hop("192.0.2.101", 5060), Hop("192.0.2.11", 4060)
"""Addresses for documentation (RFC 5737)."""

_NOBODY = Subscriber.model_validate(
    {"name": "alice", "impi": f"alice@{DOMAIN}", "impus": [f"sip:alice@{DOMAIN}"], "k": "00" * 16, "opc": "00" * 16}
)
"""Somebody whose keys are no secret: a first REGISTER proves nothing."""


def first_register(profile: Profile) -> bytes:
    """Return the first REGISTER of a terminal at `UE` that knows `PCSCF`, octet by octet.

    Args:
        profile: how it deviates.
    """
    manner = Manner.of(profile)
    contact = f"sip:alice@{UE.address}:{UE.port}{manner.uri_parameters}"
    series = RegisterSeries(DOMAIN, _NOBODY.impus[0], contact, PCSCF, manner)
    credentials = Authenticator(_NOBODY, DOMAIN, manner=manner).initial(series.digest_uri)
    request = series.next_request(credentials, manner.asked_expiry_s)
    push_via(request, Via.parse(f"SIP/2.0/UDP {UE.address}:{UE.port};branch={new_branch()};rport"))
    raw, edit = write_message(request), edit_of(manner.ids)
    return raw if edit is None else edit(raw)
