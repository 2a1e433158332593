"""One MESSAGE outside of dialogs as the criteria see it (page mode, RFC 3428): a request on the way of an INVITE."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.criteria.call import Call
from conformance.criteria.procedure import Kind


@dataclass(frozen=True, eq=False)
class Page(Call):
    """One message, from its MESSAGE to the final answer: sender and receiver have the roles of caller and callee.

    It is brought to the receiver as a call is, by the same nodes and with the same questions to HSS and DNS. So it is a
    call of which `invite` is the MESSAGE; nothing follows the answer.
    """

    kind: Kind = Kind.MESSAGE

    @property
    def ended(self) -> str | None:
        """Why a later step did not come, where that was seen, in words."""
        status = self.invite.status
        return None if status is None or status < 300 else f"the message was refused with {status} before"
