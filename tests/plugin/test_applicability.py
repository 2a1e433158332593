"""Which cells do not apply because of how a core takes deviations."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.federation import default_federation_path, load_federation
from conformance.federation.matrix import Cell as Square
from conformance.plugin.applicability import missing_feature_of, wanted_strictness
from conformance.vocabulary.federation import CoreKind, Strictness

AWAY = Square("uc3m", "stuba", "visited", "alice")


def item(*markers: Any) -> Any:
    """A test case with markers, the nearest one first as pytest gives them."""

    def iter_markers(name: str) -> list[Any]:
        return [one.mark for one in markers if one.mark.name == name]

    return SimpleNamespace(
        iter_markers=iter_markers, get_closest_marker=lambda name: next(iter(iter_markers(name)), None)
    )


def bench(*, shared: bool = False, core: CoreKind | None = None) -> Any:
    federation = load_federation(default_federation_path()).played_by(core)
    return SimpleNamespace(is_shared=shared, federation=federation)


def test_the_nearest_marker_counts() -> None:
    near, far = pytest.mark.strictness("strict"), pytest.mark.strictness("openimscore")
    there = pytest.mark.strictness("openimscore", of="visited")
    found = wanted_strictness(item(near, there, far), AWAY)
    assert found == {"uc3m": Strictness.STRICT, "stuba": Strictness.OPENIMSCORE}


def test_a_real_core_is_as_it_is() -> None:
    strict = item(pytest.mark.strictness("strict"))
    assert missing_feature_of(strict, AWAY, bench()) is None
    reason = missing_feature_of(strict, AWAY, bench(core=CoreKind.KAMAILIO))
    assert reason is not None
    assert "uc3m" in reason
    assert "kamailio" in reason


def test_what_others_use_is_left_as_it_is() -> None:
    reason = missing_feature_of(item(pytest.mark.strictness("strict")), AWAY, bench(shared=True))
    assert reason is not None
    assert "--standing" in reason
    assert missing_feature_of(item(pytest.mark.strictness("lenient")), AWAY, bench(shared=True)) is None
