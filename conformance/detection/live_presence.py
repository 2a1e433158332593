"""What users do with their presence to show a fault of the presence server, of the SIP proxy or of the XDMS."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from conformance.faults.catalogue import Scene
from conformance.runs.calls import registered
from conformance.runs.cell import Cell
from conformance.runs.watching import IN_A_MEETING, ON_THE_PHONE, changed, told_of
from conformance.terminals.documents import LISTS_TYPE, PRES_RULES, RESOURCE_LISTS, RULES_TYPE

_A_GUESS = "sesame"


def _publish(cell: Cell) -> None:
    terminal = cell.terminal()
    terminal.register()
    cell.settle()
    terminal.presence.publish(IN_A_MEETING)
    terminal.presence.refresh_publication()
    terminal.presence.publish(ON_THE_PHONE)
    terminal.presence.unpublish()


def _watch(cell: Cell) -> None:
    watcher, presentity = registered(cell)
    watch = told_of(cell, presentity, watcher)
    changed(cell, presentity, watch)
    watch.refresh()
    watch.end()


def _wait(cell: Cell) -> None:
    """The presentity has to decide on the watcher, and does not."""
    watcher, presentity = registered(cell)
    cell.documents(presentity).decide("confirm", watcher.impu)
    presentity.presence.publish(IN_A_MEETING)
    watchers = presentity.presence.watch_watchers()
    watch = watcher.presence.watch(presentity.impu)
    watch.wait_state("pending")
    watchers.wait_watcher(watcher.impu, "pending")
    watch.end()
    watchers.end()


def _be_blocked(cell: Cell) -> None:
    """The rules block the watcher, who is told of presence all the same."""
    watcher, presentity = registered(cell)
    cell.documents(presentity).block(watcher.impu)
    watch = watcher.presence.watch(presentity.impu)
    watch.wait_state("active")
    watch.end()


def _think_otherwise(cell: Cell) -> None:
    """The presentity blocks who watches, and who waits to be told of it."""
    watcher, presentity = registered(cell)
    rules = cell.documents(presentity)
    rules.allow(watcher.impu)
    presentity.presence.publish(IN_A_MEETING)
    watch = watcher.presence.watch(presentity.impu)
    watch.wait_state("active")
    cell.settle()  # by now the presence server is told of changes
    rules.block(watcher.impu)
    try:
        watch.wait_state("terminated", "rejected")
    finally:
        # What comes late shows in the capture that nothing came in time.
        if watch.state != "terminated":
            watch.end()


def _listen_in_vain(cell: Cell) -> None:
    """The watcher is told nothing, and gives up: the end of the subscription shows how long there was no NOTIFY."""
    watcher, presentity = registered(cell)
    cell.documents(presentity).allow(watcher.impu)
    try:
        watcher.presence.watch(presentity.impu)
    finally:
        watcher.presence.withdraw()


def _claim_nothing(cell: Cell) -> None:
    cell.past_the_network(trusted=True).publish(None)


def _come_from_elsewhere(cell: Cell) -> None:
    cell.past_the_network(trusted=False).publish(cell.subscriber.impus[0])


def _recall(cell: Cell) -> None:
    terminal = cell.terminal()
    terminal.register()
    cell.settle()
    terminal.presence.publish(IN_A_MEETING)
    tag = terminal.presence.entity_tag
    terminal.presence.unpublish()
    assert tag is not None
    terminal.presence.recall(tag)
    terminal.presence.refresh_publication()


def _publish_by_proxy(cell: Cell) -> None:
    terminal = cell.sip_terminal()
    terminal.register()
    terminal.presence.publish(IN_A_MEETING)
    terminal.presence.unpublish()


def _claim_another(cell: Cell) -> None:
    terminal = cell.sip_terminal(claims=f"sip:nobody@{cell.home.domain}")
    terminal.register()
    terminal.presence.publish(IN_A_MEETING)


def _guess(cell: Cell) -> None:
    terminal = cell.sip_terminal(password=_A_GUESS)
    terminal.register()
    terminal.presence.publish(IN_A_MEETING)
    terminal.presence.unpublish()


def _keep_documents(cell: Cell) -> None:
    documents = cell.documents(cell.terminal())
    documents.client.get("xcap-caps/global/index")
    documents.allow()
    documents.change_rule("confirm", "sip:stranger@example.com")
    documents.rules()
    documents.clear()
    documents.allow()  # new once more, as the capture shows


def _break_a_document(cell: Cell) -> None:
    client = cell.documents(cell.terminal()).client
    client.put(client.document(PRES_RULES), b"<ruleset", RULES_TYPE)
    entries = "<list><entry/></list>"
    document = f'<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists">{entries}</resource-lists>'
    client.put(client.document(RESOURCE_LISTS), document.encode(), LISTS_TYPE)


def _overwrite(cell: Cell) -> None:
    """Somebody stores what he changed by the entity tag of the document before."""
    documents = cell.documents(cell.terminal())
    documents.allow()
    before = documents.rules()
    documents.block("sip:stranger@example.com")
    client = documents.client
    client.put(client.document(PRES_RULES), before.body, RULES_TYPE, if_match=before.entity_tag)


def _write_for_another(cell: Cell) -> None:
    documents, other = cell.documents(cell.terminal()), cell.callee()
    cell.documents(other)  # what is stored is removed in the end
    documents.allow()
    client, own = documents.client, documents.rules()
    client.put(client.document(PRES_RULES, user=other.impu), own.body, RULES_TYPE)


PRESENCE_SCENES: Mapping[Scene, Callable[[Cell], None]] = {
    Scene.PUBLISH: _publish,
    Scene.RECALL: _recall,
    Scene.WATCH: _watch,
    Scene.WAIT: _wait,
    Scene.BE_BLOCKED: _be_blocked,
    Scene.THINK_OTHERWISE: _think_otherwise,
    Scene.LISTEN_IN_VAIN: _listen_in_vain,
    Scene.CLAIM_NOTHING: _claim_nothing,
    Scene.COME_FROM_ELSEWHERE: _come_from_elsewhere,
    Scene.PUBLISH_BY_PROXY: _publish_by_proxy,
    Scene.CLAIM_ANOTHER: _claim_another,
    Scene.GUESS: _guess,
    Scene.KEEP_DOCUMENTS: _keep_documents,
    Scene.BREAK_A_DOCUMENT: _break_a_document,
    Scene.OVERWRITE: _overwrite,
    Scene.WRITE_FOR_ANOTHER: _write_for_another,
}
"""What is driven, by the scene of the fault."""
