"""Writes the user profile that the HSS sends in User-Data (3GPP TS 29.228 annexes B and E)."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from conformance.vocabulary.filter_criteria import FilterCriterion, NormalForm, Registering, Trigger


def build_user_data(
    impi: str,
    impus: Sequence[str],
    application_servers: Sequence[str] = (),
    criteria: Sequence[FilterCriterion] = (),
) -> bytes:
    """Return the profile as XML, UTF-8: one service profile with all identities, none of them barred.

    The identities are one implicit registration set: registering one registers all (3GPP TS 23.228 5.2.1a).

    Args:
        impi: private user identity.
        impus: public user identities; the first is the default one.
        application_servers: SIP URIs of those that are to be told of every registration, re-registration and
            deregistration, in the order of their priority.
        criteria: filter criteria of other requests; each one names its server.
    """
    identities = "".join(
        f"<PublicIdentity><BarringIndication>0</BarringIndication><Identity>{escape(impu)}</Identity></PublicIdentity>"
        for impu in impus
    )
    told = [
        FilterCriterion(
            priority=priority,
            when=((Trigger(method="REGISTER", registration=tuple(Registering)),),),
            server=server,
        )
        for priority, server in enumerate(application_servers)
    ]
    services = "".join(map(_criterion, [*told, *criteria]))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<IMSSubscription><PrivateID>{escape(impi)}</PrivateID>"
        f"<ServiceProfile>{identities}{services}</ServiceProfile></IMSSubscription>"
    ).encode()


def _criterion(criterion: FilterCriterion) -> str:
    """Return one initial filter criterion; the order of the elements is that of the schema."""
    conjunctive = int(criterion.normal_form is NormalForm.CONJUNCTIVE)
    triggers = "".join(_trigger(one, group) for group, some in enumerate(criterion.when) for one in some)
    point = f"<TriggerPoint><ConditionTypeCNF>{conjunctive}</ConditionTypeCNF>{triggers}</TriggerPoint>"
    return (
        f"<InitialFilterCriteria><Priority>{criterion.priority}</Priority>{point if triggers else ''}"
        f"<ApplicationServer><ServerName>{escape(criterion.server or '')}</ServerName>"
        f"<DefaultHandling>{criterion.default_handling.number}</DefaultHandling></ApplicationServer>"
        "</InitialFilterCriteria>"
    )


def _trigger(trigger: Trigger, group: int) -> str:
    types = "".join(f"<RegistrationType>{kind.number}</RegistrationType>" for kind in trigger.registration)
    return (
        f"<SPT><ConditionNegated>{int(trigger.negated)}</ConditionNegated><Group>{group}</Group>{_point(trigger)}"
        f"{f'<Extension>{types}</Extension>' if types else ''}</SPT>"
    )


def _point(trigger: Trigger) -> str:
    content = "" if trigger.content is None else f"<Content>{escape(trigger.content)}</Content>"
    if trigger.method is not None:
        return f"<Method>{trigger.method}</Method>"
    if trigger.request_uri is not None:
        return f"<RequestURI>{escape(trigger.request_uri)}</RequestURI>"
    if trigger.header is not None:
        return f"<SIPHeader><Header>{escape(trigger.header)}</Header>{content}</SIPHeader>"
    if trigger.line is not None:
        return f"<SessionDescription><Line>{trigger.line}</Line>{content}</SessionDescription>"
    assert trigger.session_case is not None  # a trigger looks at one thing
    return f"<SessionCase>{trigger.session_case.number}</SessionCase>"
