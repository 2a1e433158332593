"""PUBLISH as RFC 3903 6 has it: entity tags, durations, what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.vocabulary.federation import NodeKind
from tests.cores.presence.lab import ALICE, GRACE, Lab, pidf


def test_the_life_of_a_publication(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        first = await lab.publish("Expires: 600", body=pidf())
        assert (first.code, first.headers["Expires"]) == (200, "600")
        refreshed = await lab.publish("Expires: 300", f"SIP-If-Match: {first.headers['SIP-ETag']}")
        assert (refreshed.code, refreshed.headers["Expires"]) == (200, "300")
        modified = await lab.publish(f"SIP-If-Match: {refreshed.headers['SIP-ETag']}", body=pidf(basic="closed"))
        assert (modified.code, modified.headers["Expires"]) == (200, "3600")
        removed = await lab.publish("Expires: 0", f"SIP-If-Match: {modified.headers['SIP-ETag']}")
        assert (removed.code, removed.headers["Expires"]) == (200, "0")
        tags = [one.headers["SIP-ETag"] for one in (first, refreshed, modified, removed)]
        assert len(set(tags)) == 4
        for tag in tags:
            assert (await lab.publish(f"SIP-If-Match: {tag}")).code == 412

    in_lab(story)


@pytest.mark.parametrize(
    ("lines", "body", "code", "header"),
    [
        (["Event: dialog"], pidf(), 489, ("Allow-Events", "presence")),
        (["Event:"], pidf(), 489, ("Allow-Events", "presence")),
        (["SIP-If-Match: unknown"], b"", 412, None),
        (["Content-Type: text/plain"], pidf(), 415, ("Accept", "application/pidf+xml")),
        (["Content-Encoding: gzip"], pidf(), 415, ("Accept-Encoding", "identity")),
        ([], b"", 400, None),
        ([], b"<presence", 400, None),
        ([], b'<!DOCTYPE x [<!ENTITY e "e">]>' + pidf().partition(b"?>")[2], 400, None),
        (["Expires: soon"], pidf(), 400, None),
        (["Expires: 1"], pidf(), 423, ("Min-Expires", "2")),
        ([], pidf() + b" " * 50_000, 413, None),
        (["Require: teleport"], pidf(), 420, ("Unsupported", "teleport")),
    ],
)
def test_what_is_refused(
    in_lab: Callable[..., None], lines: list[str], body: bytes, code: int, header: tuple[str, str] | None
) -> None:
    async def story(lab: Lab) -> None:
        response = await lab.publish(*lines, body=body)
        assert response.code == code
        if header is not None:
            assert response.headers[header[0]] == header[1]

    in_lab(story)


def test_somebody_else_is_not_published_for(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        kind = "Content-Type: application/pidf+xml"
        other = lab.message("PUBLISH", ALICE, GRACE, kind, body=pidf())
        assert (await lab.send(other)).code == 403
        nobody = "sip:nobody@uc3m.netlab.test"
        assert (await lab.publish(body=pidf(entity=nobody), user=nobody)).code == 404
        first = await lab.publish(body=pidf())
        stolen = await lab.publish(f"SIP-If-Match: {first.headers['SIP-ETag']}", body=pidf(), user=GRACE)
        assert stolen.code == 412

    in_lab(story)


def test_a_server_that_takes_any_entity_tag(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        assert (await lab.publish("SIP-If-Match: unknown")).code == 200
        assert (await lab.publish("SIP-If-Match: unknown", body=pidf())).code == 200

    in_lab(story, "accepts-unknown-etag")


def test_more_than_fits_into_one_document_is_not_taken(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        large = pidf() + b" " * 30_000
        first = await lab.publish(body=large)
        assert (await lab.publish(body=large)).code == 413
        assert (await lab.publish(f"SIP-If-Match: {first.headers['SIP-ETag']}", body=large)).code == 200

    in_lab(story)


def test_a_publication_ends_with_its_time(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        timers = lab.scene.federation.timers.model_copy(update={"minimum_publication_s": 1, "publication_s": 1})
        lab.scene.federation = lab.scene.federation.model_copy(update={"timers": timers})
        await lab.scene.node(NodeKind.PRESENCE)
        published = await lab.publish("Expires: 600", body=pidf())
        assert published.headers["Expires"] == "1"
        await lab.subscribe(user=ALICE)
        assert b"open" in (await lab.state())[1]
        assert b"closed" in (await lab.state())[1]
        assert (await lab.publish(f"SIP-If-Match: {published.headers['SIP-ETag']}")).code == 412

    in_lab(story, serve=False)
