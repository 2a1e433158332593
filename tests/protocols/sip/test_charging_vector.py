"""P-Charging-Vector (RFC 7315 4.6)."""

from conformance.protocols.sip.charging_vector import ChargingVector

TEXT = 'icid-value="a1";icid-generated-at=10.0.0.1;orig-ioi=h.test'


def test_what_is_read_is_written_again() -> None:
    vector = ChargingVector.parse(TEXT)
    assert str(vector) == TEXT
    assert vector.get("icid-value") == '"a1"'
    assert vector.get("term-ioi") is None


def test_a_parameter_is_added_or_replaced() -> None:
    vector = ChargingVector.parse(TEXT).only("icid-value", "orig-ioi").with_parameter("term-ioi", "v.test")
    assert str(vector) == 'icid-value="a1";orig-ioi=h.test;term-ioi=v.test'
    assert str(vector.with_parameter("orig-ioi", "x.test")) == 'icid-value="a1";term-ioi=v.test;orig-ioi=x.test'


def test_each_new_one_is_another() -> None:
    assert ChargingVector.new() != ChargingVector.new()


def test_what_is_no_parameter_is_left_out() -> None:
    assert ChargingVector.parse(";;=x; lonely ;a=").parameters == (("a", ""),)
