"""How a terminal is told of its own registration: it subscribes, waits and answers NOTIFYs (3GPP TS 24.229 5.1.1.3).

What is kept of the subscription, and what a NOTIFY says, is in `reg_subscription`. All methods are called in the
terminals' loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sipmessage import Request, Response

from conformance.protocols.sip.message import make_response
from conformance.terminals.event_log import Record
from conformance.terminals.reg_subscription import TERMINATED, Notification, RegSubscription
from conformance.terminals.registration_failures import reject, time_out
from conformance.terminals.service import ServiceAgent
from conformance.vocabulary.events import EventKind


class RegEvents:
    """What one terminal is told of its registration.

    Args:
        agent: what the terminal is now.
        is_registered: whether it is registered now.
        impu: its default public user identity.
        record: writes an observation down.
        ended: is called when the network says that the registration has ended, with how.
    """

    def __init__(
        self,
        agent: Callable[[], ServiceAgent],
        is_registered: Callable[[], bool],
        impu: str,
        record: Record,
        ended: Callable[[str], None],
    ) -> None:
        self._agent = agent
        self._is_registered = is_registered
        self._impu = impu
        self._record = record
        self._ended = ended
        self._subscription: RegSubscription | None = None

    async def subscribe(self, expires_s: int) -> None:
        """Send SUBSCRIBE and wait for the NOTIFY that follows; within a subscription: refresh it, or end it with 0.

        Raises:
            RegistrationRejected: the network refused, or the terminal is not registered.
        """
        subscription = self._subscription
        if subscription is None or (subscription.last is not None and subscription.last.state == TERMINATED):
            if not self._is_registered():
                reject(self._record, 0, "a terminal that is not registered has no way to subscribe")
            agent = self._agent()  # as it is registered now
            subscription = RegSubscription(agent.identity, agent.contact, agent.routes)
            self._subscription = subscription
        agent, known = self._agent(), len(subscription.notifications)
        request = subscription.next_request(expires_s)
        response = await agent.stack.send_request(request, agent.hop)
        if response.code >= 300:
            reject(self._record, response.code, response.phrase)
        try:
            subscription.accepted(request, response)
        except ValueError as error:
            reject(self._record, response.code, f"the {response.code} to SUBSCRIBE cannot be read: {error}")
        granted_s = (response.headers.get("Expires") or "")[:10]
        self._record(EventKind.SUBSCRIBED, response.code, f"for {granted_s} s")
        async with subscription.news:
            await subscription.news.wait_for(lambda: len(subscription.notifications) > known)

    async def wait(self, state: str, patience_s: float, version: int) -> Notification:
        """Wait until the newest NOTIFY says that the subscription has a state; return it.

        Args:
            state: `active` or `terminated`.
            patience_s: seconds.
            version: smallest version of the document.

        Raises:
            RegistrationTimedOut: no such NOTIFY came, or there is no subscription.
        """
        subscription = self._subscription
        if subscription is None:
            time_out(self._record, self._impu, "awaited a NOTIFY, but the terminal has not subscribed")

        def told() -> bool:
            last = subscription.last
            return last is not None and last.state == state and last.info.version >= version

        try:
            async with asyncio.timeout(patience_s), subscription.news:
                await subscription.news.wait_for(told)
        except TimeoutError:
            found = f"{len(subscription.notifications)} others" if subscription.notifications else "none"
            what = f"awaited NOTIFY {version} with the state {state} for {patience_s:g} s, found {found}"
            time_out(self._record, self._impu, what)
        assert subscription.last is not None
        return subscription.last

    async def notified(self, notify: Request) -> Response | None:
        """Answer a NOTIFY; None where it does not belong to this subscription."""
        subscription = self._subscription
        if subscription is None or not subscription.owns(notify):
            return None
        try:
            notification = await subscription.take(notify)
        except ValueError as error:
            self._record(EventKind.NOTIFIED, None, f"unreadable: {error}")
            return make_response(notify, 400)
        mine = notification.event_of(subscription.contact)
        words = [notification.state, notification.reason, f"version {notification.info.version}"]
        words += ["contact", *mine] if mine is not None else []
        self._record(EventKind.NOTIFIED, None, " ".join(word for word in words if word))
        ended = notification.end_of(subscription.identity, subscription.contact)
        if ended is not None:
            self._ended(ended)
        return make_response(notify, 200)
