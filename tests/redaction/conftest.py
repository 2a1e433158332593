"""A redactor that has learned, and captures that it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from conformance.redaction.capture import RedactedCapture, redact_capture
from conformance.redaction.identities import Identities
from conformance.redaction.payloads import Redactor
from conformance.redaction.secret_values import SecretValues

KEY = b"only for this test"


@pytest.fixture
def secrets() -> SecretValues:
    return SecretValues(KEY)


@pytest.fixture
def redactor(secrets: SecretValues) -> Redactor:
    """Knows alice of uc3m, a stranger to stuba, whose own user is bob."""
    identities = Identities(KEY, "stuba.test")
    identities.in_text("sip:alice@uc3m.test sip:bob@stuba.test tel:+421900123456")
    identities.freeze()
    return Redactor(identities, secrets)


def redacted(files: Iterable[Path], own_domain: str | None = None) -> tuple[Redactor, list[RedactedCapture]]:
    """Redact captures as a bundle does: learned first, changed then."""
    found = Redactor(Identities(KEY, own_domain), SecretValues(KEY))
    files = list(files)
    for file in files:
        redact_capture(file, found)
    found.identities.freeze()
    return found, [redact_capture(file, found) for file in files]


@pytest.fixture
def redact() -> Callable[..., tuple[Redactor, list[RedactedCapture]]]:
    return redacted
