from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cores.kamailio.conftest import Story
from tests.cores.kamailio.presence_lab import DOCUMENT, RULES, RULES_TYPE, Servers, needs_servers

pytestmark = needs_servers
RULE = f"{DOCUMENT}/~~/ruleset/rule%5b@id=%22r2%22%5d"
ELEMENT_TYPE = "application/xcap-el+xml"


def test_documents_are_their_owners(servers: Callable[[Story], None]) -> None:
    async def story(servers: Servers) -> None:
        assert (await servers.http("GET", DOCUMENT, password=None))[0] == 401
        assert (await servers.http("GET", DOCUMENT, password="wrong"))[0] == 401
        assert (await servers.http("GET", DOCUMENT))[0] == 404
        assert (await servers.http("GET", DOCUMENT.replace("alice", "erin")))[0] == 403
        assert (await servers.http("PUT", DOCUMENT.replace("alice", "erin"), RULES, Content_Type=RULES_TYPE))[0] == 403
        code, fields, text = await servers.http("GET", "/xcap-root/xcap-caps/global/index")
        assert (code, fields["content-type"]) == (200, "application/xcap-caps+xml")
        assert "<auid>org.openmobilealliance.pres-rules</auid>" in text

    servers(story)


def test_documents_are_written_read_and_removed(servers: Callable[[Story], None]) -> None:
    async def story(servers: Servers) -> None:
        rules = RULES.format("allow")
        assert (await servers.http("PUT", DOCUMENT, rules, Content_Type=RULES_TYPE))[0] == 200  # 201 would be right
        code, fields, text = await servers.http("GET", DOCUMENT)
        assert (code, fields["content-type"], text) == (200, RULES_TYPE, rules)
        assert (await servers.http("PUT", DOCUMENT, rules, Content_Type=RULES_TYPE, If_Match='"no"'))[0] == 412
        assert (await servers.http("PUT", DOCUMENT, rules, Content_Type=RULES_TYPE, If_None_Match="*"))[0] == 412
        tag = fields["etag"]
        assert (await servers.http("PUT", RULE, '<rule id="r2"/>', Content_Type=ELEMENT_TYPE, If_Match=tag))[0] == 200
        assert (await servers.http("GET", RULE))[2] == '<rule id="r2"/>'
        assert (await servers.http("GET", f"{RULE}/@id"))[2] == "r2"
        attribute = f"{DOCUMENT}/~~/ruleset/rule%5b1%5d/@id"
        assert (await servers.http("PUT", attribute, "first", Content_Type="application/xcap-att+xml"))[0] == 200
        assert (await servers.http("GET", attribute))[2] == "first"
        prefixed = RULE.replace("ruleset/rule", "c:ruleset/c:rule") + "?xmlns(c=urn:ietf:params:xml:ns:common-policy)"
        assert (await servers.http("GET", prefixed))[2] == '<rule id="r2"/>'
        assert (await servers.http("DELETE", prefixed))[0] == 200
        assert (await servers.http("GET", RULE))[0] == 404
        assert (await servers.http("DELETE", DOCUMENT))[0] == 200
        assert (await servers.http("DELETE", DOCUMENT))[0] == 404

    servers(story)


@pytest.mark.parametrize(
    ("path", "body", "media_type", "code", "error"),
    [
        (DOCUMENT, "<oops", RULES_TYPE, 409, "not-well-formed"),
        (DOCUMENT, "<oops/>", RULES_TYPE, 409, "schema-validation-error"),
        (DOCUMENT, RULES, "text/plain", 415, ""),
        (RULE, "<rule/>", ELEMENT_TYPE, 409, "no-parent"),
        (DOCUMENT.replace("pres-rules", "no-rules"), RULES, RULES_TYPE, 404, ""),
        (DOCUMENT.replace("index", "'%20or%20'1"), RULES, RULES_TYPE, 404, ""),
    ],
)
def test_what_cannot_be_stored_is_refused(
    servers: Callable[[Story], None], path: str, body: str, media_type: str, code: int, error: str
) -> None:
    async def story(servers: Servers) -> None:
        found, fields, text = await servers.http("PUT", path, body, Content_Type=media_type)
        assert found == code
        if error:
            assert fields["content-type"] == "application/xcap-error+xml"
            assert f"<{error}/>" in text

    servers(story)
