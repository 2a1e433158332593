"""What a terminal computes in its own manner: the quirks of its profile that are no matter of spelling.

`conformance/quirks/edits.py` has the others. A manner without quirks is the standard terminal.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass, field

from conformance.protocols.sip.digest_header import DigestHeader
from conformance.quirks.profiles import Profile
from conformance.stack.hop import Hop

ASKED_EXPIRY_S = 600_000
"""Expiry that a terminal asks for, seconds (3GPP TS 24.229 5.1.1.2)."""
_AN_HOUR_S = 3600
_EMPTY_BODY = hashlib.md5(b"", usedforsecurity=False).hexdigest()
"""H(entity-body) of a REGISTER (RFC 2617 3.2.2.3)."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How one terminal builds its requests.

    Args:
        ids: quirks of its profile.
        instance: UUID of the device, for who sends one.
    """

    ids: frozenset[str] = frozenset()
    instance: uuid.UUID = field(default_factory=lambda: uuid.UUID(bytes=secrets.token_bytes(16), version=4))

    @classmethod
    def of(cls, profile: Profile | None) -> Manner:
        """Return the manner of a profile; the standard one where it is None."""
        return cls(frozenset() if profile is None else profile.ids)

    def _has(self, *ids: str) -> bool:
        return not self.ids.isdisjoint(ids)

    # --- where to -----------------------------------------------------------------------------------------------

    def request_uri(self, domain: str, hop: Hop | None) -> str:
        """Return the Request-URI of a REGISTER: the bare domain (3GPP TS 24.229 5.1.1.2), or with port (Q1, J2).

        Args:
            domain: of the home network.
            hop: the P-CSCF, whose port is meant; without one there is nothing to add.
        """
        if hop is not None and self._has("Q1"):
            return f"sip:{domain}:{hop.port};transport={hop.transport.upper()}"
        return f"sip:{domain}:{hop.port}" if hop is not None and self._has("J2") else f"sip:{domain}"

    def digest_uri(self, request_uri: str, hop: Hop) -> str:
        """Return the digest uri: the Request-URI (RFC 3261 22.4), or one that has a port in any case (Q2)."""
        if self._has("Q2") and not self._has("Q1", "J2"):
            return f"{request_uri}:{hop.port};transport={hop.transport.upper()}"
        return request_uri

    def entry(self, hop: Hop) -> str:
        """Return the P-CSCF as an entry of Route (Q9, Q13, Q13a)."""
        parameters = "" if self._has("Q13a") else ";lr"
        if self._has("Q13", "Q13a"):
            parameters += f";transport={hop.transport.upper()}"
        return f"<sip:{hop.host_port}{parameters}{self.uri_parameters}>"

    @property
    def routes_register(self) -> bool:
        """Tell whether REGISTER has a Route, too: a standard terminal sends it to its outbound proxy without."""
        return self._has("Q13", "Q13a", "U4")

    # --- who and for how long -----------------------------------------------------------------------------------

    @property
    def uri_parameters(self) -> str:
        """Parameters of the terminal's own URIs (Q9)."""
        return ";comp=sigcomp" if self._has("Q9") else ""

    @property
    def asked_expiry_s(self) -> int:
        """Expiry that is asked for where the user says nothing (Q14a)."""
        return _AN_HOUR_S if self._has("Q14a") else ASKED_EXPIRY_S

    @property
    def expiry_in_contact(self) -> bool:
        """Tell whether the expiry is a parameter of Contact and no header field of its own (Q14)."""
        return self._has("Q14")

    def contact(self, uri: str, expires_s: int) -> str | None:
        """Return the Contact of a REGISTER; None: there is none (J5)."""
        if self._has("J5"):
            return None
        value = f"<{uri}>"
        if self._has("U3"):
            value += f';+sip.instance="<urn:uuid:{self.instance}>"'
        return f"{value};expires={expires_s}" if self.expiry_in_contact else value

    @property
    def supported(self) -> str:
        """Return what Supported of a REGISTER says (Q6, U3); empty: there is none."""
        tags = [tag for tag, said in (("path", not self._has("Q6")), ("gruu", self._has("U3"))) if said]
        return ", ".join(tags)

    @property
    def offers_digest(self) -> bool:
        """Tell whether digest is offered as a security mechanism (Q8)."""
        return self._has("Q8")

    @property
    def hides_access(self) -> bool:
        """Tell whether nothing is said of the access network (Q7)."""
        return self._has("Q7")

    # --- credentials --------------------------------------------------------------------------------------------

    def username(self, impi: str) -> str:
        """Return the user name of credentials: the private identity, or what is before its @ (Q4b)."""
        return impi.partition("@")[0] if self._has("Q4b") else impi

    def introduction(self, values: dict[str, str]) -> dict[str, str] | None:
        """Return the parameters of Authorization in a REGISTER that answers no challenge; None: there is none.

        Args:
            values: those of the standard terminal.
        """
        if self._has("Q5", "J6"):
            return None
        changed = dict(values)
        if self._has("Q4", "Q4a"):
            changed["realm"] = ""
        if self._has("Q4"):
            changed["username"] = ""
        if self._has("Q12"):
            changed["realm"] = f"proxy.{values['realm']}"
        if self._has("U1"):
            changed["nonce"] = changed["response"] = " "
        if self._has("Q3", "U1"):
            del changed["algorithm"]
        return changed

    def preferred_qop(self, challenge: DigestHeader) -> tuple[str, ...]:
        """Return the values of qop that would be taken, the best first (Q10); none: qop is not understood (U2)."""
        if self._has("U2") or "qop" not in challenge:
            return ()
        return ("auth-int", "auth") if self._has("Q10") else ("auth", "auth-int")

    def hashed_uri(self, uri: str, qop: str | None) -> str:
        """Return what stands behind the method in A2: the digest uri, and the hash of the body behind it (Q11)."""
        return f"{uri}:{_EMPTY_BODY}" if qop is None and self._has("Q11") else uri

    @property
    def blanks_resynchronisation(self) -> bool:
        """Tell whether auts comes with an empty response (Q15)."""
        return self._has("Q15")

    @property
    def keeps_introduction(self) -> bool:
        """Tell whether the first Authorization stays beside the answer to a challenge (Q12)."""
        return self._has("Q12")

    # --- what is refused before anything is sent ----------------------------------------------------------------

    def refusal(self, impu: str) -> str:
        """Return why the terminal itself refuses to register an identity; empty: it does not."""
        if self._has("J3"):
            return f"a SIP profile of the telephone has the identity {impu}: IOException, nothing is sent (J3)"
        return self.refusal_of_uri(impu)

    def refusal_of_uri(self, uri: str) -> str:
        """Return why the terminal itself refuses a URI; empty: it does not."""
        if self._has("J4") and uri.lower().startswith("sips:"):
            return "sips is not supported: nothing is sent (J4)"
        return ""
