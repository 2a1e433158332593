"""Resource lists (RFC 4662): one subscription, many presentities, by RLMI in multipart/related."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes

import pytest
from lxml import etree
from sipmessage import Request

from conformance.vocabulary.federation import NodeKind
from tests.cores.presence.lab import ALICE, BOB, GRACE, Lab, pidf, rules

FRIENDS = "sip:alice-friends@uc3m.netlab.test"
SERVICES = f"rls-services/users/{ALICE}/index"
LIST = f"resource-lists/users/{ALICE}/index/~~/resource-lists/list%5b@name=%22friends%22%5d"
MINE = f"resource-lists/users/{ALICE}"
RL = 'xmlns="urn:ietf:params:xml:ns:resource-lists"'
ACCEPT = "Accept: multipart/related, application/rlmi+xml, application/pidf+xml"
EVENTLIST = "Supported: eventlist"
RLMI = "{urn:ietf:params:xml:ns:rlmi}"


def services(inner: str) -> bytes:
    return (
        f'<rls-services xmlns="urn:ietf:params:xml:ns:rls-services" xmlns:rl="urn:ietf:params:xml:ns:resource-lists">'
        f'<service uri="{FRIENDS}">{inner}<packages><package>presence</package></packages></service></rls-services>'
    ).encode()


def members(*uris: str) -> bytes:
    entries = "".join(f'<entry uri="{uri}"><display-name>{uri[4:8]}</display-name></entry>' for uri in uris)
    return f'<list {RL} name="friends">{entries}</list>'.encode()


INLINE = services(f'<list><rl:entry uri="{GRACE}"/></list>')
REFERENCE = services(f"<resource-list>http://xdms.uc3m.netlab.test:8080/xcap-root/{LIST}</resource-list>")


def read(request: Request) -> tuple[etree._Element, dict[str, tuple[str, bytes]]]:
    """Return RLMI, and state and document of each member that has an instance."""
    assert request.headers["Require"] == "eventlist"
    whole = message_from_bytes(f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode() + request.body)
    assert (whole.get_content_type(), whole.get_param("type")) == ("multipart/related", "application/rlmi+xml")
    parts = {part["Content-ID"]: part.get_payload(decode=True) for part in whole.get_payload()}  # type: ignore[union-attr]
    first = whole.get_payload(0)
    assert first["Content-ID"] == whole.get_param("start")  # type: ignore[index]
    root = etree.fromstring(parts[first["Content-ID"]])  # type: ignore[index, arg-type]
    found = {}
    for resource in root.iterchildren(f"{RLMI}resource"):
        instance = resource.find(f"{RLMI}instance")
        if instance is not None:
            state = instance.get("state", "") + instance.get("reason", "")
            found[resource.get("uri", "")] = (state, parts.get(f"<{instance.get('cid')}>", b""))
    return root, found  # type: ignore[return-value]


def put(lab: Lab, service: bytes = INLINE, the_list: bytes = b"") -> None:
    lab.documents[SERVICES] = service
    # The server of the test unquotes paths.
    lab.documents[f'resource-lists/users/{ALICE}/index/~~/resource-lists/list[@name="friends"]'] = the_list
    lab.documents[f"pres-rules/users/{GRACE}/index"] = rules("allow", watcher=ALICE)


def test_a_list_is_told_whole_and_then_what_changes(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        put(lab, REFERENCE, members(GRACE, "sip:nobody@uc3m.netlab.test"))
        watcher = await lab.subscribe(EVENTLIST, ACCEPT, user=ALICE, uri=FRIENDS)
        assert watcher.answer.headers["Require"] == "eventlist"
        root, found = read(await lab.notify())
        assert (root.get("uri"), root.get("version"), root.get("fullState")) == (FRIENDS, "0", "true")
        assert [one.findtext(f"{RLMI}name") for one in root] == ["grac", "nobo"]
        assert found[GRACE][0] == "active"
        assert b"closed" in found[GRACE][1]
        assert found["sip:nobody@uc3m.netlab.test"] == ("terminatednoresource", b"")
        await lab.publish(user=GRACE, body=pidf(entity=GRACE))
        root, found = read(await lab.notify())
        assert (root.get("version"), root.get("fullState"), list(found)) == ("1", "false", [GRACE])
        assert b"open" in found[GRACE][1]
        put(lab, REFERENCE, members(ALICE))
        await lab.again(watcher, 600)
        root, found = read(await lab.notify())
        assert (root.get("fullState"), list(found)) == ("true", [ALICE])
        await lab.again(watcher, 0)
        last = await lab.notify()
        assert last.headers["Subscription-State"] == "terminated;reason=timeout"
        assert (await lab.again(watcher, 600)).code == 481

    in_lab(story)


def test_a_member_of_another_network_is_subscribed_to(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        put(lab, REFERENCE, members(BOB))
        watcher = await lab.subscribe(EVENTLIST, ACCEPT, user=ALICE, uri=FRIENDS)
        root, found = read(await lab.notify())
        assert (len(root), found) == (1, {})
        back_end = await lab.arrived_next()
        assert (str(back_end.uri), back_end.headers["Event"]) == (BOB, "presence")
        assert back_end.headers["P-Asserted-Identity"] == f"<{ALICE}>"
        assert back_end.headers["From"].startswith(f"<{ALICE}>")
        assert back_end.headers["Route"] == "<sip:orig@scscf.uc3m.netlab.test:6060;lr>"
        notify = lab.telling.next_request("NOTIFY")
        notify.headers.set("Event", "presence")
        notify.headers.set("Contact", f"<sip:{lab.scscf.address}:{lab.scscf.port}>")
        notify.headers.set("Subscription-State", "active;reason=\x01;expires=600")
        notify.headers.set("Content-Type", "application/pidf+xml")
        notify.body = pidf(entity=BOB)
        assert (await lab.send(notify)).code == 200
        _, found = read(await lab.notify())
        assert found == {BOB: ("active", pidf(entity=BOB))}
        await lab.again(watcher, 0)
        await lab.notify()
        assert (await lab.arrived_next()).headers["Expires"] == "0"

    in_lab(story)


def test_what_does_not_fit_into_one_notify_comes_in_the_next(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        put(lab, REFERENCE, members(GRACE, ALICE))
        note = b"<note>" + b"long " * 5000 + b"</note></presence>"
        for user in (GRACE, ALICE):
            await lab.publish(user=user, body=pidf(entity=user).replace(b"</presence>", note))
        await lab.subscribe(EVENTLIST, ACCEPT, user=ALICE, uri=FRIENDS)
        root, found = read(await lab.notify())
        assert (root.get("fullState"), len(root)) == ("true", 2)
        assert (found[GRACE][0], found[ALICE]) == ("active", ("active", b""))
        root, found = read(await lab.notify())
        assert (root.get("fullState"), root.get("version")) == ("false", "1")
        assert b"open" in found[ALICE][1]

    in_lab(story)


@pytest.mark.parametrize(
    "uri", ["tel:+34", "sip:", "sip:x y@elsewhere.test", "sip:wxyz@b&gt;", "http://elsewhere.test/"]
)
def test_a_member_that_cannot_be_asked_is_no_resource(in_lab: Callable[..., None], uri: str) -> None:
    async def story(lab: Lab) -> None:
        put(lab, REFERENCE, members(uri))
        await lab.subscribe(EVENTLIST, ACCEPT, user=ALICE, uri=FRIENDS)
        assert [state for state, _ in read(await lab.notify())[1].values()] == ["terminatednoresource"]
        assert lab.arrived.empty()

    in_lab(story)


def test_a_list_that_is_gone_ends_its_subscription(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        put(lab)
        watcher = await lab.subscribe(EVENTLIST, ACCEPT, user=ALICE, uri=FRIENDS)
        assert list(read(await lab.notify())[1]) == [GRACE]
        del lab.documents[SERVICES]
        await lab.again(watcher, 600)
        assert (await lab.notify()).headers["Subscription-State"] == "terminated;reason=noresource"

    in_lab(story)


def test_a_list_that_changes_is_told_whole_at_once(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        put(lab)
        await lab.subscribe(EVENTLIST, ACCEPT, user=ALICE, uri=FRIENDS)
        assert list(read(await lab.notify())[1]) == [GRACE]
        await lab.put(f"resource-lists/users/{ALICE}/other", members())  # the list is as it was: nobody is told
        await lab.put(SERVICES, services(f'<list><rl:entry uri="{ALICE}"/><rl:entry uri="{GRACE}"/></list>'))
        root, found = read(await lab.notify())
        assert (root.get("version"), root.get("fullState"), list(found)) == ("1", "true", [ALICE, GRACE])
        await lab.put(SERVICES, b"<no-list/>")  # what it was stays
        await lab.put(SERVICES, None)
        assert (await lab.notify()).headers["Subscription-State"] == "terminated;reason=noresource"

    in_lab(story)


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (f'<entry-ref ref="{MINE}/entry"/><entry uri="{ALICE}"/>', [GRACE, ALICE]),
        (f'<external anchor="http://xdms.uc3m.netlab.test:8080/xcap-root/{MINE}/list"/>', [GRACE, ALICE]),
        (f'<external anchor="https://xcap.uc3m.netlab.test:8443/xcap-root/{MINE}/list"/>', [GRACE, ALICE]),
        (f'<external anchor="http://xdms.uc3m.netlab.test:8080/xcap-root/{MINE}/circle"/>', [ALICE]),
        ('<entry-ref ref="resource-lists/global/everybody/entry"/>', [GRACE]),
        (f'<entry-ref ref="{MINE}/nothing"/><entry uri="{ALICE}"/>', [ALICE]),
        (f'<entry-ref ref="{MINE}/no-list"/><entry uri="{ALICE}"/>', [ALICE]),
        (
            f'<external anchor="http://xdms.uc3m.netlab.test:8080/xcap-root/{MINE}/deep-0"/>',
            ["sip:d4@uc3m.netlab.test"],
        ),
    ],
)
def test_references_are_followed(in_lab: Callable[..., None], inner: str, expected: list[str]) -> None:
    async def story(lab: Lab) -> None:
        root = "http://xdms.uc3m.netlab.test:8080/xcap-root"
        put(lab, REFERENCE, f"<list {RL}>{inner}</list>".encode())
        lab.documents[f"{MINE}/entry"] = f'<entry {RL} uri="{GRACE}"/>'.encode()
        lab.documents["resource-lists/global/everybody/entry"] = lab.documents[f"{MINE}/entry"]
        lab.documents[f"{MINE}/list"] = members(GRACE, ALICE)
        again = f'<external anchor="{root}/{MINE}/circle"/><entry uri="{ALICE}"/>'
        lab.documents[f"{MINE}/circle"] = f"<list {RL}>{again}</list>".encode()
        lab.documents[f"{MINE}/no-list"] = b"<a/>"
        for depth in range(8):  # those beyond the deepest are left out
            deeper = f'<external anchor="{root}/{MINE}/deep-{depth + 1}"/>'
            entry = f'<entry uri="sip:d{depth}@uc3m.netlab.test"/>' if depth >= 4 else ""
            lab.documents[f"{MINE}/deep-{depth}"] = f"<list {RL}>{deeper}{entry}</list>".encode()
        await lab.subscribe(EVENTLIST, ACCEPT, user=ALICE, uri=FRIENDS)
        assert list(read(await lab.notify())[1]) == expected

    in_lab(story)


@pytest.mark.parametrize(
    "inner",
    [
        f'<entry-ref ref="resource-lists/users/{GRACE}/entry"/>',
        f'<entry-ref ref="pres-rules/users/{ALICE}/index"/>',
        f'<entry-ref ref="resource-lists/users/{ALICE}/../{GRACE}/entry"/>',
        f'<entry-ref ref="http://127.0.0.1/{MINE}"/>',
        f'<external anchor="http://xdms.uc3m.netlab.test:8080/xcap-root/resource-lists/users/{GRACE}/list"/>',
        '<external anchor="http://xdms.uc3m.netlab.test:8080@127.0.0.1/xcap-root/list"/>',
        '<external anchor="http://127.0.0.1:1/xcap-root/list"/>',
        '<external anchor="file:///etc/passwd"/>',
    ],
)
def test_references_elsewhere_are_not_followed(in_lab: Callable[..., None], inner: str) -> None:
    async def story(lab: Lab) -> None:
        put(lab, REFERENCE, f'<list {RL}><entry uri="{ALICE}"/>{inner}</list>'.encode())
        await lab.subscribe(EVENTLIST, ACCEPT, user=ALICE, uri=FRIENDS)
        assert list(read(await lab.notify())[1]) == [ALICE]
        own = "resource-lists/users/" + ALICE
        asked = [path for path, *_ in lab.asked if not path.startswith(("pres-rules/", "pidf-", "rls-services/", own))]
        assert asked == []

    in_lab(story)


def test_a_rule_that_changes_is_felt_in_the_list(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        put(lab)
        await lab.subscribe(EVENTLIST, ACCEPT, user=ALICE, uri=FRIENDS)
        await lab.notify()
        await lab.put_rules(rules("block", watcher=ALICE), user=GRACE)
        assert read(await lab.notify())[1] == {GRACE: ("terminatedrejected", b"")}

    in_lab(story)


def test_a_list_subscription_outlives_the_server(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        put(lab)
        await lab.subscribe(EVENTLIST, ACCEPT, user=ALICE, uri=FRIENDS)
        first = await lab.notify()
        await lab.scene.stop(NodeKind.PRESENCE)
        await lab.scene.node(NodeKind.PRESENCE)
        again = await lab.notify()
        assert (again.headers["Call-ID"], read(again)[0].get("version")) == (first.headers["Call-ID"], "1")

    in_lab(story)


@pytest.mark.parametrize(
    ("user", "uri", "lines", "code"),
    [
        (ALICE, FRIENDS, [ACCEPT], 421),
        (ALICE, FRIENDS, [EVENTLIST, "Accept: application/pidf+xml"], 406),
        (ALICE, FRIENDS, [EVENTLIST, "Event: presence.winfo"], 404),
        (GRACE, FRIENDS, [EVENTLIST, ACCEPT], 404),
        (ALICE, "sip:others@uc3m.netlab.test", [EVENTLIST, ACCEPT], 404),
    ],
)
def test_what_is_refused(in_lab: Callable[..., None], user: str, uri: str, lines: list[str], code: int) -> None:
    async def story(lab: Lab) -> None:
        put(lab)
        assert (await lab.send(lab.message("SUBSCRIBE", uri, user, *lines))).code == code

    in_lab(story)


@pytest.mark.parametrize("path", [LIST.replace("alice", "grace"), LIST.replace("index", "../sip:grace@x/index"), "x"])
def test_nobody_subscribes_to_a_list_of_somebody_else(in_lab: Callable[..., None], path: str) -> None:
    async def story(lab: Lab) -> None:
        put(lab, services(f"<resource-list>http://xdms.uc3m.netlab.test/xcap-root/{path}</resource-list>"))
        request = lab.message("SUBSCRIBE", FRIENDS, ALICE, EVENTLIST, ACCEPT)
        assert (await lab.send(request)).code == 404
        assert [asked for asked, *_ in lab.asked if asked.startswith("resource-lists")] == []

    in_lab(story)


def test_what_is_no_list_goes_on_its_way(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        presence = "<sip:presence.uc3m.netlab.test:5060;lr>"
        back = f"<sip:odi.1@{lab.scscf.address}:{lab.scscf.port};lr>"
        request = lab.message("SUBSCRIBE", BOB, ALICE, EVENTLIST, f"Route: {presence}, {back}")
        assert (await lab.send(request)).code == 200
        passed = await lab.arrived_next()
        assert (passed.headers["Route"], passed.headers["Max-Forwards"]) == (back, "69")
        assert (await lab.send(lab.message("SUBSCRIBE", BOB, ALICE, EVENTLIST))).code == 404

    in_lab(story)
