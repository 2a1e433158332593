"""What test cases of messages expect of a receiver, and of a refusal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.runs.messaging import TEXT, expect, refused
from conformance.terminals.message_failures import MessageRefused
from conformance.terminals.messages import Received

BOB = "sip:bob@ims.test"


def receiver(sender: str, text: str) -> Any:
    return SimpleNamespace(impu="sip:carol@ims.test", messages=SimpleNamespace(wait=lambda: Received(sender, text)))


def sender(status: int | None) -> Any:
    def send(_impu: str, _text: str) -> None:
        if status is not None:
            raise MessageRefused(status, "no")

    return SimpleNamespace(messages=SimpleNamespace(send=send))


def test_what_was_sent_by_whom_the_network_asserts_is_expected() -> None:
    expect(receiver(BOB, TEXT), BOB, TEXT)


@pytest.mark.parametrize(
    ("who", "text", "said"), [(BOB, "other", "5 other characters"), ("", TEXT, "nobody"), ("sip:x@y", TEXT, "sip:x@y")]
)
def test_another_text_and_another_sender_are_said(who: str, text: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        expect(receiver(who, text), BOB, TEXT)


def test_a_refusal_has_to_come_with_its_status() -> None:
    refused(sender(404), BOB, 404)
    with pytest.raises(AssertionError, match="expected 404, the MESSAGE was refused with 480"):
        refused(sender(480), BOB, 404)
    with pytest.raises(AssertionError, match="expected 404, the MESSAGE was taken"):
        refused(sender(None), BOB, 404)
