"""Documents, elements and attributes over HTTP, by a client that shares nothing with the server but digest."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import ssl
import subprocess
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from lxml import etree

from tests.cores.xdms.conftest import ALICE, BOOK, ELEMENT, LISTS, PRESENCE, Xdms

NS = "urn:ietf:params:xml:ns:resource-lists"
ERROR = "{urn:ietf:params:xml:ns:xcap-error}"
FRIENDS = f"""<?xml version="1.0" encoding="UTF-8"?>
<resource-lists xmlns="{NS}">
  <list name="friends"><entry uri="sip:bob@stuba.netlab.test"><display-name>Bob</display-name></entry></list>
</resource-lists>"""
FRIEND = f"{BOOK}/~~/resource-lists/list%5b@name=%22friends%22%5d/entry%5b@uri=%22sip:carol@octopus.netlab.test%22%5d"
CAROL = '<entry uri="sip:carol@octopus.netlab.test"/>'

Run = Callable[..., None]


def reason(body: bytes) -> str:
    """The element of an error document."""
    root = etree.fromstring(body)
    assert root.tag == f"{ERROR}xcap-error"
    return str(root[0].tag).removeprefix(ERROR)


def test_a_document_is_made_read_replaced_and_removed(xdms: Run) -> None:
    async def story(at: Xdms) -> None:
        assert (await at.alice.ask("GET", BOOK)).status == 404
        made = await at.alice.ask("PUT", BOOK, FRIENDS, LISTS)
        assert (made.status, made.body) == (201, b"")
        read = await at.alice.ask("GET", BOOK)
        assert (read.status, read.body.decode(), read.headers["Content-Type"]) == (200, FRIENDS, LISTS)
        assert read.etag == made.etag
        again = await at.alice.ask("PUT", BOOK, FRIENDS, LISTS)
        assert (again.status, again.etag != made.etag) == (200, True)
        head = await at.alice.ask("HEAD", BOOK)
        assert (head.status, head.body, head.etag) == (200, b"", again.etag)
        assert (await at.alice.ask("DELETE", BOOK)).status == 200
        assert (await at.alice.ask("DELETE", BOOK)).status == 404

    xdms(story)


def test_an_element_and_an_attribute_are_changed_within_a_document(xdms: Run) -> None:
    async def story(at: Xdms) -> None:
        first = await at.alice.ask("PUT", BOOK, FRIENDS, LISTS)
        made = await at.alice.ask("PUT", FRIEND, CAROL, ELEMENT)
        assert (made.status, made.etag != first.etag) == (201, True)
        read = await at.alice.ask("GET", FRIEND)
        assert (read.status, read.headers["Content-Type"], read.etag) == (200, ELEMENT, made.etag)
        assert etree.fromstring(read.body).get("uri") == "sip:carol@octopus.netlab.test"
        name = f"{FRIEND}/display-name"
        assert (await at.alice.ask("PUT", name, "<display-name>Carol</display-name>", ELEMENT)).status == 201
        assert (await at.alice.ask("PUT", name, "<display-name>C.</display-name>", ELEMENT)).status == 200
        attribute = f"{BOOK}/~~/resource-lists/list%5b1%5d/@name"
        put = await at.alice.ask("PUT", attribute, "buddies", "application/xcap-att+xml")
        assert put.status == 200
        read = await at.alice.ask("GET", attribute)
        assert (read.body, read.headers["Content-Type"]) == (b"buddies", "application/xcap-att+xml")
        bound = f"{BOOK}/~~/l:resource-lists/l:list/namespace::*?xmlns(l={NS})"
        read = await at.alice.ask("GET", bound)
        assert (read.status, read.headers["Content-Type"]) == (200, "application/xcap-ns+xml")
        refused = await at.alice.ask("PUT", bound, "<list/>", ELEMENT)
        assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")
        assert (await at.alice.ask("DELETE", attribute)).status == 200
        assert (await at.alice.ask("GET", attribute)).status == 404

    xdms(story)


@pytest.mark.parametrize(
    ("path", "body", "kind", "why"),
    [
        (BOOK, "<resource-lists", LISTS, "not-well-formed"),
        (BOOK, b"<a>\xff</a>", LISTS, "not-utf-8"),
        (BOOK, "<a/>", LISTS, "schema-validation-error"),
        (BOOK, FRIENDS.replace("<entry uri", "<entry url"), LISTS, "schema-validation-error"),
        (BOOK, FRIENDS.replace("</list>", "</list><list name='friends'/>"), LISTS, "uniqueness-failure"),
        (BOOK, FRIENDS.replace("</list>", "<external anchor='nowhere'/></list>"), LISTS, "constraint-failure"),
        (BOOK, FRIENDS.replace("</list>", "<entry-ref ref='/a/b'/></list>"), LISTS, "constraint-failure"),
        (FRIEND, "<entry", ELEMENT, "not-xml-frag"),
        (FRIEND, "<entry uri='sip:dave@x'/>", ELEMENT, "cannot-insert"),
        (FRIEND, "<entry/>", ELEMENT, "cannot-insert"),
        (FRIEND, CAROL.replace("/>", " other='x'/>"), ELEMENT, "schema-validation-error"),
        (FRIEND.replace("friends", "nobody"), CAROL, ELEMENT, "no-parent"),
        (f"{FRIEND}/@uri", "a<b", "application/xcap-att+xml", "not-xml-att-value"),
        (f"resource-lists/users/{ALICE}/none/~~/resource-lists/list", "<list/>", ELEMENT, "no-parent"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(xdms: Run, path: str, body: Any, kind: str, why: str) -> None:
    async def story(at: Xdms) -> None:
        await at.alice.ask("PUT", BOOK, FRIENDS, LISTS)
        refused = await at.alice.ask("PUT", path, body, kind)
        assert (refused.status, refused.headers["Content-Type"]) == (409, "application/xcap-error+xml")
        assert reason(refused.body) == why
        assert (await at.alice.ask("GET", BOOK)).body.decode() == FRIENDS

    xdms(story)


def test_no_parent_names_the_nearest_ancestor(xdms: Run) -> None:
    async def story(at: Xdms) -> None:
        await at.alice.ask("PUT", BOOK, FRIENDS, LISTS)
        refused = await at.alice.ask("PUT", FRIEND.replace("friends", "nobody"), CAROL, ELEMENT)
        ancestor = etree.fromstring(refused.body).findtext(f".//{ERROR}ancestor") or ""
        assert ancestor == f"http://xdms.uc3m.netlab.test:8080/xcap-root/{BOOK}/~~/resource-lists"

    xdms(story)


def test_the_last_element_that_the_address_would_still_find_stays(xdms: Run) -> None:
    async def story(at: Xdms) -> None:
        await at.alice.ask("PUT", BOOK, FRIENDS.replace("</list>", "</list><list/>"), LISTS)
        refused = await at.alice.ask("DELETE", f"{BOOK}/~~/resource-lists/list%5b1%5d")
        assert (refused.status, reason(refused.body)) == (409, "cannot-delete")

    xdms(story)


def test_conditions_are_about_the_entity_tag_of_the_document(xdms: Run) -> None:
    async def story(at: Xdms) -> None:
        ask = at.alice.ask
        assert (await ask("PUT", BOOK, FRIENDS, LISTS, If_Match='"x"')).status == 412
        first = await ask("PUT", BOOK, FRIENDS, LISTS, If_None_Match="*")
        assert first.status == 201
        assert (await ask("PUT", BOOK, FRIENDS, LISTS, If_None_Match="*")).status == 412
        assert (await ask("PUT", FRIEND, CAROL, ELEMENT, If_Match='"x", "y"')).status == 412
        second = await ask("PUT", FRIEND, CAROL, ELEMENT, If_Match=f'"x", {first.etag}')
        assert second.status == 201
        assert (await ask("PUT", FRIEND, CAROL, ELEMENT, If_None_Match="*")).status == 412
        assert (await ask("GET", FRIEND, If_None_Match=second.etag)).status == 304
        assert (await ask("GET", BOOK, If_None_Match=first.etag)).status == 200
        assert (await ask("DELETE", FRIEND, If_Match=first.etag)).status == 412
        assert (await ask("DELETE", FRIEND, If_Match=second.etag)).status == 200
        assert (await ask("GET", FRIEND, If_Match="*")).status == 412

    xdms(story)


@pytest.mark.parametrize(
    ("method", "path", "kind", "status"),
    [
        ("POST", BOOK, LISTS, 405),
        ("PATCH", BOOK, LISTS, 405),
        ("PUT", BOOK, "text/xml", 415),
        ("PUT", BOOK, "", 415),
        ("PUT", FRIEND, LISTS, 415),
        ("PUT", f"{BOOK}/~~/resource-lists/list/@name", ELEMENT, 415),
        ("GET", f"unknown-usage/users/{ALICE}/index", "", 404),
        ("GET", f"resource-lists/users/{ALICE}/", "", 404),
        ("GET", f"{BOOK}/~~/resource-lists/list%5b", "", 400),
        ("GET", f"{BOOK}/~~/x:resource-lists", "", 400),
        ("GET", f"{BOOK}?query", "", 400),
        ("PUT", "xcap-caps/global/index", "application/xcap-caps+xml", 403),
        ("PUT", f"watchers/users/{ALICE}/index", "application/watcherinfo+xml", 403),
        ("GET", "resource-lists/users/sip:erin@uc3m.netlab.test/index", "", 403),
        ("PUT", "resource-lists/users/sip:erin@uc3m.netlab.test/index", LISTS, 403),
        ("DELETE", "resource-lists/users/sip:bob@stuba.netlab.test/index", "", 403),
    ],
)
def test_what_is_not_served(xdms: Run, method: str, path: str, kind: str, status: int) -> None:
    async def story(at: Xdms) -> None:
        assert (await at.alice.ask(method, path, FRIENDS if method == "PUT" else b"", kind)).status == status

    xdms(story)


def test_more_than_is_read_is_refused(xdms: Run) -> None:
    async def story(at: Xdms) -> None:
        assert (await at.alice.ask("PUT", BOOK, b"x" * 300_000, LISTS)).status == 413

    xdms(story)


def test_a_body_that_unpacks_to_more_than_is_read_is_refused(xdms: Run) -> None:
    bomb = gzip.compress(bytes(100_000_000))

    async def story(at: Xdms) -> None:
        refused = await at.alice.ask("PUT", BOOK, bomb, LISTS, Content_Encoding="gzip")
        assert (len(bomb) < 262_144, refused.status) == (True, 413)
        packed = gzip.compress(FRIENDS.encode())
        assert (await at.alice.ask("PUT", BOOK, packed, LISTS, Content_Encoding="gzip")).status == 201

    xdms(story)


def test_an_entity_expands_nowhere(xdms: Run) -> None:
    attack = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + FRIENDS.split("?>")[1].replace("Bob", "&x;")

    async def story(at: Xdms) -> None:
        refused = await at.alice.ask("PUT", BOOK, attack, LISTS)
        assert (refused.status, reason(refused.body)) == (409, "not-well-formed")
        assert b"root:" not in refused.body

    xdms(story)


def test_whoever_does_not_prove_who_he_is_is_challenged(xdms: Run) -> None:
    async def story(at: Xdms) -> None:
        challenged = await at.nobody.ask("GET", BOOK)
        assert challenged.status == 401
        assert challenged.headers["WWW-Authenticate"].startswith('Digest realm="uc3m.netlab.test", nonce="')
        wrong = at.nobody.as_user("alice@uc3m.netlab.test", "wrong")
        assert (await wrong.ask("GET", BOOK)).status == 401
        assert (await at.nobody.as_user("mallory@uc3m.netlab.test", "").ask("GET", BOOK)).status == 401
        claims = {"X_3GPP_Asserted_Identity": f'"{ALICE}"'}
        assert (await at.nobody.ask("GET", BOOK, **claims)).status == 401

    xdms(story)


def test_two_devices_of_a_user_have_the_same_documents(xdms: Run) -> None:
    async def story(at: Xdms) -> None:
        await at.alice.ask("PUT", BOOK, FRIENDS, LISTS)
        tablet = at.nobody.as_user("alice-tablet@uc3m.netlab.test", "xcap-alice-tablet")
        assert (await tablet.ask("GET", BOOK)).status == 200

    xdms(story)


def test_the_presence_server_is_trusted_by_its_address(xdms: Run) -> None:
    async def story(at: Xdms) -> None:
        await at.alice.ask("PUT", BOOK, FRIENDS, LISTS)
        async with at.at(PRESENCE) as server:
            asserted = {"X_3GPP_Asserted_Identity": f'"{ALICE}"'}
            assert (await server.ask("GET", BOOK, **asserted)).status == 200
            assert (await server.ask("PUT", BOOK, FRIENDS, LISTS)).status == 403
            assert (await server.ask("PUT", BOOK, FRIENDS, LISTS, **asserted)).status == 200
            watchers = '<watcherinfo xmlns="urn:ietf:params:xml:ns:watcherinfo" version="0" state="full"/>'
            where = f"watchers/users/{ALICE}/index"
            assert (await server.ask("PUT", where, watchers, "application/watcherinfo+xml")).status == 201
            assert (await at.alice.ask("GET", where)).body.decode() == watchers

    xdms(story)


def test_documents_survive_a_restart(xdms: Run) -> None:
    async def before(at: Xdms) -> None:
        await at.alice.ask("PUT", BOOK, FRIENDS, LISTS)

    async def after(at: Xdms) -> None:
        assert (await at.alice.ask("GET", BOOK)).body.decode() == FRIENDS

    xdms(before)
    xdms(after)


def test_capabilities_and_services_of_all_are_in_the_global_tree(xdms: Run) -> None:
    async def story(at: Xdms) -> None:
        caps = etree.fromstring((await at.alice.ask("GET", "xcap-caps/global/index")).body)
        assert [one.text for one in caps.iter("{*}auid")] == [
            *("org.openmobilealliance.pres-rules", "pidf-manipulation", "pres-rules", "resource-lists"),
            *("rls-services", "watchers", "xcap-caps"),
        ]
        service = '<service uri="sip:pals@uc3m.netlab.test"><list><l:entry uri="sip:bob@x"/></list></service>'
        namespaces = f'xmlns="urn:ietf:params:xml:ns:rls-services" xmlns:l="{NS}"'
        services = service + service.replace("pals", "mates")
        document = f"<rls-services {namespaces}>{services}</rls-services>"
        kind = "application/rls-services+xml"
        path = f"rls-services/users/{ALICE}/index"
        assert (await at.alice.ask("PUT", path, document, kind)).status == 201
        index = await at.alice.ask("GET", "rls-services/global/index")
        found = [one.get("uri") for one in etree.fromstring(index.body)]
        assert found == ["sip:pals@uc3m.netlab.test", "sip:mates@uc3m.netlab.test"]
        element = "rls-services/global/index/~~/rls-services/service%5b1%5d/@uri"
        assert (await at.alice.ask("GET", element)).body == b"sip:pals@uc3m.netlab.test"
        erin = at.nobody.as_user("erin@uc3m.netlab.test", "xcap-erin")
        taken = await erin.ask("PUT", "rls-services/users/sip:erin@uc3m.netlab.test/index", document, kind)
        assert (taken.status, reason(taken.body)) == (409, "uniqueness-failure")
        own = document.replace("sip:pals@", "sip:grace@")
        taken = await erin.ask("PUT", "rls-services/users/sip:erin@uc3m.netlab.test/index", own, kind)
        assert (taken.status, reason(taken.body)) == (409, "uniqueness-failure")

    xdms(story)


def test_https_is_proven_by_the_authority_and_its_secrets_are_noted(xdms: Run) -> None:
    async def story(at: Xdms) -> None:
        trust = ssl.create_default_context(cafile=str(at.folder / "ca.pem"))
        async with at.at("127.35.1.130", trust) as client:
            assert (await client.ask("GET", BOOK)).status == 401
        labels = {line.split()[0] for line in (at.folder / "tls-keys.log").read_text().splitlines() if line[0] != "#"}
        assert {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"} <= labels
        async with at.at("127.35.1.130", ssl.create_default_context()) as stranger:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await stranger.ask("GET", BOOK)

    xdms(story)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_uses_it(xdms: Run) -> None:
    async def story(at: Xdms) -> None:
        def curl(*arguments: str) -> str:
            name, address = "xcap.uc3m.netlab.test", at.root.split("/")[2].split(":")[0]
            command = ["curl", "-sS", "--max-time", "5", "--noproxy", "*", "--cacert", str(at.folder / "ca.pem")]
            command += ["--resolve", f"{name}:8443:{address}", "--digest", "-u", "alice@uc3m.netlab.test:xcap-alice"]
            command += ["-w", " %{http_code}", "-g", *arguments[:-1], f"https://{name}:8443/xcap-root/{arguments[-1]}"]
            return subprocess.run(command, capture_output=True, check=True, text=True).stdout

        in_thread = asyncio.to_thread
        (at.folder / "friends.xml").write_text(FRIENDS)
        put = ["-X", "PUT", "-H", f"Content-Type: {LISTS}", "--data-binary", f"@{at.folder}/friends.xml"]
        assert await in_thread(curl, *put, BOOK) == " 201"
        assert await in_thread(curl, BOOK) == f"{FRIENDS} 200"
        put = ["-X", "PUT", "-H", f"Content-Type: {ELEMENT}", "--data-binary", CAROL]
        assert await in_thread(curl, *put, FRIEND) == " 201"
        assert await in_thread(curl, "-X", "DELETE", FRIEND) == " 200"
        assert await in_thread(curl, "-X", "DELETE", FRIEND) == " 404"

    xdms(story)


def test_each_fault_is_seen(xdms: Run) -> None:
    async def invalid(at: Xdms) -> None:
        assert (await at.alice.ask("PUT", BOOK, "<a/>", LISTS)).status == 201
        assert (await at.alice.ask("PUT", BOOK, "no XML", LISTS)).status == 200
        assert (await at.alice.ask("GET", BOOK)).body == b"no XML"
        assert (await at.alice.ask("GET", FRIEND)).status == 404

    async def condition(at: Xdms) -> None:
        assert (await at.alice.ask("PUT", BOOK, FRIENDS, LISTS, If_Match='"x"')).status in (200, 201)

    async def status(at: Xdms) -> None:
        assert (await at.alice.ask("PUT", f"{BOOK}2", FRIENDS, LISTS)).status == 200

    async def others(at: Xdms) -> None:
        await at.alice.ask("PUT", BOOK, FRIENDS, LISTS)
        erin = at.nobody.as_user("erin@uc3m.netlab.test", "xcap-erin")
        assert (await erin.ask("GET", BOOK)).status == 200

    async def anybody(at: Xdms) -> None:
        assert (await at.nobody.ask("GET", BOOK)).status == 200

    async def silent(at: Xdms) -> None:
        refused = await at.alice.ask("PUT", BOOK, "<a/>", LISTS)
        assert (refused.status, refused.body) == (409, b"")

    async def untagged(at: Xdms) -> None:
        assert "ETag" not in (await at.alice.ask("PUT", f"{BOOK}3", FRIENDS, LISTS)).headers

    async def forgetful(at: Xdms) -> None:
        caps = etree.fromstring((await at.alice.ask("GET", "xcap-caps/global/index")).body)
        assert "pres-rules" not in [one.text for one in caps.iter("{*}auid")]
        assert (await at.alice.ask("GET", f"pres-rules/users/{ALICE}/index")).status == 404

    xdms(untagged, "no-entity-tag")
    xdms(forgetful, "forgets-pres-rules")
    xdms(invalid, "accepts-invalid-documents")
    xdms(condition, "ignores-if-match")
    xdms(status, "answers-200-for-created")
    xdms(others, "serves-other-users")
    xdms(anybody, "no-authentication")
    xdms(silent, "no-xcap-error")
