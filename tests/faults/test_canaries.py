"""Whoever looks for canaries finds them."""

from __future__ import annotations

import base64
import json

import pytest

from tests.faults.canaries import forms, found

NAME = "Zoë Quillfeather"
ACCOUNT = 5_900_000_001


@pytest.mark.parametrize(
    "contents",
    [
        NAME.encode(),
        NAME.encode().upper(),
        NAME.encode("utf-16"),
        NAME.encode("utf-16-be"),
        NAME.encode().hex().encode(),
        NAME.encode().hex().upper().encode(),
        json.dumps({"name": NAME}).encode(),
        repr(NAME.encode()).encode(),
        str(list(NAME.encode())).encode(),
        *(base64.b64encode(b"x" * ahead + NAME.encode() + b"yz") for ahead in range(4)),
        *(base64.urlsafe_b64encode(b"x" * ahead + NAME.encode()) for ahead in range(4)),
    ],
)
def test_a_name_is_found_however_it_is_written(contents: bytes) -> None:
    assert found([ACCOUNT, NAME], b"before" + contents + b"after")


@pytest.mark.parametrize(
    "contents",
    [
        b"5900000001",
        "5900000001".encode("utf-16-le"),
        base64.b64encode(b"id=5900000001;"),
        ACCOUNT.to_bytes(5, "big"),
        ACCOUNT.to_bytes(6, "big"),  # as SQLite keeps it
        ACCOUNT.to_bytes(8, "big"),
        ACCOUNT.to_bytes(8, "little"),
        hex(ACCOUNT).encode(),
    ],
)
def test_an_account_is_found_however_it_is_written(contents: bytes) -> None:
    assert found([ACCOUNT], b"before" + contents + b"after")
    assert found([str(ACCOUNT)], b"before" + contents + b"after")


def test_nothing_is_found_where_there_is_nothing() -> None:
    assert not found([ACCOUNT, NAME], bytes(range(256)) * 64)


def test_no_form_is_so_short_that_chance_would_make_it() -> None:
    assert min(len(form) for form in [*forms(NAME).values(), *forms(ACCOUNT).values()]) > 3
