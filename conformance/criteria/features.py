"""Features that a network declares (ICS), and the words for those that it does not."""

from __future__ import annotations

from conformance.criteria.registration import Registration, once
from conformance.vocabulary.federation import AccessSecurity


@once
def offers_ipsec(registration: Registration) -> bool:
    """Tell whether the first REGISTER of the terminal offers a security association of the mechanism ipsec-3gpp."""
    first = registration.first.gm
    offers = () if first is None or first.request is None else first.request.sip.values("Security-Client")
    # Other mechanisms, and those of the media plane (mediasec), make no security association.
    return any(offer.text.lower().startswith("ipsec-3gpp") for offer in offers)


@once
def may_agree_on_ipsec(registration: Registration) -> bool:
    """Tell whether a security association is offered by the terminal, and not undeclared by the P-CSCF's network."""
    network = registration.facts.entry_network
    declared = network is None or network.features.access_security is AccessSecurity.IPSEC_3GPP
    return offers_ipsec(registration) and declared


@once
def ipsec_undeclared(registration: Registration) -> str:
    """Return why criteria of security associations do not apply, and which line of a federation declares them."""
    why = "the terminal offers no security association"
    if offers_ipsec(registration):
        why = "the network does not declare security associations"
    network = registration.facts.entry_network
    if network is None or network.features.access_security is AccessSecurity.IPSEC_3GPP:
        return why
    return f'{why}; testbeds.{network.name}.features.access_security = "ipsec-3gpp" would declare it'
