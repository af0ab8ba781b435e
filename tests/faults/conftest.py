"""What the trials share: their number and seed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import stores
from tests.faults.trials import Trials


@pytest.fixture
def tries(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Trials:
    """Give the test its number of tries; fewer on the second engine, where the first has them all."""
    seed = int(request.config.getoption("--seed"))
    number = request.param
    if "engine" in request.fixturenames and request.config.getoption("store") is None and stores.engine() != "sqlite":
        number = max(1, number // 8)
    record_property("tried", f"{number} tries, seed {seed}")
    return Trials(number=number, seed=seed)
