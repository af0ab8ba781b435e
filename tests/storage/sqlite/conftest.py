from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import fresh_folder
from tests.storage.house import SqliteHouse


@pytest.fixture
def house() -> Iterator[SqliteHouse]:
    with fresh_folder() as folder:
        yield SqliteHouse(folder)
