"""Variations of a subscriber for test cases of refusals."""

from __future__ import annotations

from conformance.federation import default_federation_path, load_federation
from conformance.protocols.aka import IND_BITS
from conformance.runs.actors import UNKNOWN_DOMAIN, impostor, nowhere, numbers_ahead, stranger

ALICE = load_federation(default_federation_path()).testbeds["uc3m"].subscriber("alice")
DAVE = load_federation(default_federation_path()).testbeds["octopus"].subscriber("dave")


def test_a_stranger_has_identities_that_nobody_has() -> None:
    somebody = stranger(ALICE, "uc3m.netlab.test")
    assert somebody.impi not in (ALICE.impi, DAVE.impi)
    assert not set(somebody.impus) & set(ALICE.impus)
    assert somebody.uses_aka


def test_an_impostor_has_the_identities_and_another_secret() -> None:
    for real in (ALICE, DAVE):
        false = impostor(real)
        assert (false.impi, false.impus, false.uses_aka) == (real.impi, real.impus, real.uses_aka)
        assert (false.k, false.password) != (real.k, real.password)


def test_nowhere_is_no_domain_of_the_federation() -> None:
    federation = load_federation(default_federation_path())
    assert nowhere(federation.testbeds["uc3m"]).domain == UNKNOWN_DOMAIN
    assert UNKNOWN_DOMAIN not in {testbed.domain for testbed in federation.testbeds.values()}


def test_numbers_ahead_accept_nothing_that_a_new_hss_issues() -> None:
    numbers = numbers_ahead()
    assert not any(numbers.is_fresh(sequence << IND_BITS | sequence % 32) for sequence in range(1, 200))
    assert numbers.is_fresh((numbers.highest >> IND_BITS) + 1 << IND_BITS)
