from __future__ import annotations

import hashlib
import hmac
import json
import stat
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.exceptions import CryptoError

from bot.domain.errors import KeyFileRefused
from bot.domain.model import UnitId, WalkoutId
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, KEY_FILE
from bot.secrets.card_codes import key_of
from bot.secrets.key_file import Contents, ServerKey
from bot.secrets.keys import Addressee, Keys, Person, open_keys
from tests.conftest import SHOP, WALKOUT
from tests.stores import open_app

OTHER = WalkoutId("x4p9z")
SAME = ServerKey(store="store", key=bytes(32))
ANA = Person("telegram", "12345")


def opened(data: Path) -> Keys:
    return open_keys(data / KEY_FILE, database=data / DATABASE)


def refusal(data: Path) -> str:
    """Open, and return why that was refused; whoever refuses has changed nothing."""
    before = {file: file.read_bytes() for file in data.iterdir() if file.is_file()}
    with pytest.raises(KeyFileRefused) as refused:
        opened(data)
    assert refused.value.path == str(data / KEY_FILE)
    assert {file: file.read_bytes() for file in data.iterdir() if file.is_file()} == before
    return refused.value.why


@pytest.fixture
def keys(data: Path) -> Keys:
    made = opened(data)
    made.add_walkout(WALKOUT)
    made.add_walkout(OTHER)
    return made


@pytest.fixture
def database(data: Path) -> Path:
    """A database that has something in it."""
    (data / DATABASE).write_bytes(b"something")
    return data / DATABASE


# --- the file ---


def test_the_first_start_makes_a_key_file_that_nobody_else_can_read(data: Path) -> None:
    opened(data)

    assert stat.S_IMODE((data / KEY_FILE).stat().st_mode) == 0o600
    assert [file.name for file in data.iterdir()] == [KEY_FILE]  # nothing half-written stays behind


def test_a_key_is_on_disk_before_anything_is_bound_with_it(data: Path, database: Path) -> None:
    keys = opened_beside(data, database)
    keys.add_walkout(WALKOUT)
    again = opened(data)

    assert again.store == keys.store
    assert list(again.walkouts) == [WALKOUT]
    assert again.bearer("CODE", ANA).owner(WALKOUT) == keys.bearer("CODE", ANA).owner(WALKOUT)
    assert again.person(ANA) == keys.person(ANA)
    assert again.unseal(keys.seal("12345")) == "12345"
    assert sorted(file.name for file in data.iterdir()) == [DATABASE, KEY_FILE]
    assert stat.S_IMODE((data / KEY_FILE).stat().st_mode) == 0o600


def opened_beside(data: Path, database: Path) -> Keys:
    """Open for the first time, then let there be a database."""
    kept = database.read_bytes()
    database.unlink()
    keys = opened(data)
    database.write_bytes(kept)
    return keys


def test_two_first_starts_make_different_keys(data: Path) -> None:
    one = opened(data)
    (data / KEY_FILE).unlink()
    two = opened(data)

    assert one.store != two.store
    assert one.person(ANA) != two.person(ANA)


def test_a_database_without_its_key_file_is_refused_and_no_new_key_is_made(data: Path, database: Path) -> None:
    assert refusal(data) == "missing"


def test_a_database_file_with_nothing_in_it_yet_is_a_first_start(data: Path) -> None:
    (data / DATABASE).touch()
    assert opened(data).walkouts == {}.keys()


def test_walkouts_keys_without_their_database_are_refused(data: Path, keys: Keys) -> None:
    assert refusal(data) == "orphaned"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602, 0o610])
def test_a_key_file_that_others_can_touch_is_refused(data: Path, mode: int) -> None:
    opened(data)
    (data / KEY_FILE).chmod(mode)
    assert refusal(data) == "exposed"


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_file_of_its_owner_alone_is_accepted(data: Path, mode: int) -> None:
    kept = opened(data).store
    (data / KEY_FILE).chmod(mode)
    assert opened(data).store == kept


GOOD = b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no JSON",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b"7",
        b'"store"',
        b"[" * 100_000,  # deeper than a reader goes
        json.dumps({}),
        json.dumps({"store": "s", "server": GOOD}),
        json.dumps({"store": "s", "walkouts": {}}),
        json.dumps({"server": GOOD, "walkouts": {}}),
        json.dumps({"store": "s", "server": None, "walkouts": {}}),
        json.dumps({"store": "s", "server": 7, "walkouts": {}}),
        json.dumps({"store": "s", "server": "", "walkouts": {}}),
        json.dumps({"store": "s", "server": "!" * 44, "walkouts": {}}),
        json.dumps({"store": "s", "server": "ü" * 44, "walkouts": {}}),
        json.dumps({"store": "s", "server": b64encode(bytes(31)).decode(), "walkouts": {}}),
        json.dumps({"store": "s", "server": b64encode(bytes(33)).decode(), "walkouts": {}}),
        json.dumps({"store": "s", "server": GOOD, "walkouts": []}),
        json.dumps({"store": "s", "server": GOOD, "walkouts": None}),
        json.dumps({"store": "s", "server": GOOD, "walkouts": {"k7m3q": GOOD[:-8]}}),
        json.dumps({"store": "s", "server": GOOD, "walkouts": {"k7m3q": None}}),
        json.dumps({"store": "s", "server": GOOD, "walkouts": {"k7m3q": {"key": GOOD}}}),
        json.dumps({"store": None, "server": GOOD, "walkouts": {}}),
        json.dumps({"store": 7, "server": GOOD, "walkouts": {}}),
    ],
)
def test_a_damaged_key_file_is_refused(data: Path, database: Path, content: str | bytes) -> None:
    (data / KEY_FILE).write_bytes(content if isinstance(content, bytes) else content.encode())
    (data / KEY_FILE).chmod(0o600)
    assert refusal(data) == "damaged"


def test_a_key_file_cut_off_anywhere_is_refused(data: Path, keys: Keys, database: Path) -> None:
    whole = (data / KEY_FILE).read_bytes()
    for length in range(len(whole)):
        (data / KEY_FILE).write_bytes(whole[:length])
        assert refusal(data) == "damaged"


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_what_a_crash_left_half_written_is_in_nobodys_way(data: Path, mode: int) -> None:
    kept = opened(data).store
    (data / f"{KEY_FILE}.new").write_bytes(b'{"store": "ha')
    (data / f"{KEY_FILE}.new").chmod(mode)
    again = opened(data)
    again.add_walkout(WALKOUT)

    assert again.store == kept
    assert [file.name for file in data.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((data / KEY_FILE).stat().st_mode) == 0o600


async def test_the_key_file_of_another_database_is_refused(data: Path, clock: MovableClock) -> None:
    async with open_app(data, clock=clock, senders={}):
        pass
    kept = (data / DATABASE).read_bytes()
    (data / KEY_FILE).rename(data / "aside")
    (data / DATABASE).rename(data / "aside.db")
    opened(data)  # a first start, with a key file of its own
    (data / "aside.db").rename(data / DATABASE)
    with pytest.raises(KeyFileRefused) as refused:
        async with open_app(data, clock=clock, senders={}):
            pass

    assert refused.value.why == "foreign"
    assert (data / DATABASE).read_bytes() == kept
    (data / "aside").replace(data / KEY_FILE)
    async with open_app(data, clock=clock, senders={}) as app:
        assert await app.store.walkouts() == []


async def test_the_data_folder_may_be_a_link(data: Path, clock: MovableClock) -> None:
    (data / "real").mkdir()
    (data / "link").symlink_to("real")
    async with open_app(data / "link", clock=clock, senders={}) as app:
        app.keys.add_walkout(WALKOUT)

    assert (data / "link").is_symlink()
    assert {DATABASE, KEY_FILE} <= {file.name for file in (data / "real").iterdir()}
    async with open_app(data / "real", clock=clock, senders={}) as app:
        assert list(app.keys.walkouts) == [WALKOUT]


# --- what is made with the keys ---


@pytest.mark.parametrize(
    "differently",
    [
        (OTHER, "7KD2MXQ9F4TP3HWZ8C0V", ANA),
        (WALKOUT, "8KD2MXQ9F4TP3HWZ8C0V", ANA),
        (WALKOUT, "7KD2MXQ9F4TP3HWZ8C0V", Person("discord", "12345")),
        (WALKOUT, "7KD2MXQ9F4TP3HWZ8C0V", Person("telegram", "12346")),
        (WALKOUT, "7KD2MXQ9F4TP3HWZ8C0V", Person("telegram1", "2345")),
        (WALKOUT, "7KD2MXQ9F4TP3HWZ8C0Vtelegram", Person("", "12345")),
    ],
)
def test_an_owner_differs_by_walkout_code_platform_and_account(
    keys: Keys, differently: tuple[WalkoutId, str, Person]
) -> None:
    assert keys.bearer("7KD2MXQ9F4TP3HWZ8C0V", ANA).owner(WALKOUT) != keys.bearer(*differently[1:]).owner(
        differently[0]
    )


def test_an_owner_is_the_same_each_time_and_as_long_as_the_store_wants(keys: Keys) -> None:
    owner = keys.bearer("CODE", ANA).owner(WALKOUT)
    assert owner == keys.bearer("CODE", Person("telegram", "12345")).owner(WALKOUT)
    assert len(owner) == 32


PARTS = st.text(alphabet='ab",\\\0 ]é', max_size=4)


CODES = PARTS.filter(str.isascii)


@given(one=st.tuples(CODES, PARTS, PARTS), two=st.tuples(CODES, PARTS, PARTS))
def test_parts_are_never_confused(one: tuple[str, str, str], two: tuple[str, str, str]) -> None:
    keys = Keys(Path("nowhere"), Contents(server=SAME, walkouts={WALKOUT: bytes(32)}))
    made = [keys.bearer(code, Person(platform, account)).owner(WALKOUT) for code, platform, account in (one, two)]
    assert (made[0] == made[1]) == (one == two)


def test_what_is_made_for_one_purpose_is_never_what_is_made_for_another() -> None:
    # even if a walkout's key were the server's
    keys = Keys(Path("nowhere"), Contents(server=SAME, walkouts={WALKOUT: bytes(32)}))
    bearer = keys.bearer("", ANA)
    made: set[Any] = {keys.person(ANA), keys.open_code(WALKOUT, ANA), bearer.card, *bearer.keys[WALKOUT]}
    made |= {bearer.owner(WALKOUT), bearer.free(WALKOUT), bearer.notice(WALKOUT)}
    assert len(made) == 8


def test_a_card_is_looked_for_under_the_key_of_every_walkout_as_it_was_minted(keys: Keys) -> None:
    bearer = keys.bearer("CODE", ANA)
    minted = {walkout: keys.new_card(walkout, key_of("CODE")) for walkout in (WALKOUT, OTHER)}
    assert bearer.keys == {walkout: card[:2] for walkout, card in minted.items()}
    assert {walkout: bearer.free(walkout) for walkout in bearer.keys} == {
        walkout: card.owner for walkout, card in minted.items()
    }
    assert len({part for card in minted.values() for part in card}) == 6


def test_whoever_holds_a_card_while_its_walkout_is_closed_is_still_told_what_was_so(keys: Keys) -> None:
    bearer = keys.bearer("CODE", ANA)
    owner = bearer.owner(WALKOUT)
    keys.destroy_walkout(WALKOUT)
    assert bearer.owner(WALKOUT) == owner
    assert keys.bearer("CODE", ANA).keys.keys() == {OTHER}


def test_a_card_of_an_older_version_is_kept_as_a_new_one_and_its_owner_is_known_again(keys: Keys) -> None:
    hashed, bearer = key_of("CODE"), keys.bearer("CODE", ANA)
    before = hmac.digest(
        keys._walkouts[WALKOUT], json.dumps(["owner", "CODE", ANA.platform, ANA.account]).encode(), hashlib.sha256
    )
    assert keys.kept_anew(WALKOUT, hashed, None) == keys.new_card(WALKOUT, hashed)
    assert keys.kept_anew(WALKOUT, hashed, before) == (*bearer.keys[WALKOUT], bearer.owner(WALKOUT))
    keys.destroy_walkout(WALKOUT)
    assert keys.kept_anew(WALKOUT, hashed, before) is None
    with pytest.raises(KeyFileRefused) as refused:
        keys.kept_anew(WalkoutId("n0ne0"), hashed, before)
    assert refused.value.why == "outdated"


def test_what_is_no_hash_is_no_card(keys: Keys) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        keys.new_card(WALKOUT, b"short")


def test_an_account_has_one_open_code_in_each_walkout(keys: Keys) -> None:
    mine = keys.open_code(WALKOUT, ANA)
    others = {
        keys.open_code(OTHER, ANA),
        keys.open_code(WALKOUT, Person("discord", "12345")),
        keys.open_code(WALKOUT, Person("telegram", "12346")),
    }
    assert mine == keys.open_code(WALKOUT, ANA)
    assert len({mine, *others}) == 4


def test_what_is_sealed_is_opened_by_this_server_alone_and_looks_different_each_time(keys: Keys, data: Path) -> None:
    stranger = Keys(data / "other", Contents(server=SAME, walkouts={}))
    sealed = keys.seal("12345 Ana é")

    assert keys.unseal(sealed) == "12345 Ana é"
    assert keys.seal("12345 Ana é") != sealed
    assert b"12345" not in sealed
    with pytest.raises(CryptoError):
        stranger.unseal(sealed)


def test_a_destroyed_key_is_gone_from_memory_and_from_the_file(data: Path, keys: Keys, database: Path) -> None:
    kept = keys.bearer("CODE", ANA).owner(OTHER)
    keys.destroy_walkout(WALKOUT)

    assert WALKOUT not in keys.walkouts
    assert WALKOUT not in keys.bearer("CODE", ANA).keys
    assert list(json.loads((data / KEY_FILE).read_bytes())["walkouts"]) == [OTHER]
    assert opened(data).bearer("CODE", ANA).owner(OTHER) == kept
    keys.destroy_walkout(WALKOUT)  # twice is once


def test_a_key_that_could_not_be_destroyed_is_destroyed_at_the_next_try(data: Path, keys: Keys) -> None:
    in_the_way = data / f"{KEY_FILE}.new"
    in_the_way.mkdir()  # so that nothing can be written
    with pytest.raises(OSError, match="directory"):
        keys.destroy_walkout(WALKOUT)
    in_the_way.rmdir()
    keys.destroy_walkout(WALKOUT)

    assert list(json.loads((data / KEY_FILE).read_bytes())["walkouts"]) == [OTHER]


# --- notices ---

ADDRESSEE = Addressee(account="5000000001", language="es", unit=SHOP)


def test_a_notice_is_opened_by_its_walkouts_key_alone(keys: Keys) -> None:
    sealed = keys.seal_notice(WALKOUT, ADDRESSEE)

    assert keys.unseal_notice(WALKOUT, sealed) == ADDRESSEE
    assert keys.unseal_notice(OTHER, sealed) is None
    assert keys.unseal_notice(WALKOUT, bytes(len(sealed))) is None
    assert keys.seal_notice(WALKOUT, ADDRESSEE) != sealed


def test_a_notice_is_opened_after_a_restart_and_never_once_the_key_is_destroyed(
    data: Path, keys: Keys, database: Path
) -> None:
    sealed = keys.seal_notice(WALKOUT, ADDRESSEE)
    again = opened(data)
    assert again.unseal_notice(WALKOUT, sealed) == ADDRESSEE
    again.destroy_walkout(WALKOUT)
    assert again.unseal_notice(WALKOUT, sealed) is None


@pytest.mark.parametrize(
    "addressee",
    [
        Addressee(account="1", language="", unit=UnitId(1)),
        Addressee(account="9" * 20, language="pt-br", unit=UnitId(2000)),
        Addressee(account='"ñandú\\' * 6, language="x" * 16, unit=UnitId(99_999)),
        replace(ADDRESSEE, language="whatever a chat calls its language"),
    ],
)
def test_no_notice_is_longer_than_another(keys: Keys, addressee: Addressee) -> None:
    sealed = keys.seal_notice(WALKOUT, addressee)

    assert len(sealed) == len(keys.seal_notice(WALKOUT, ADDRESSEE))
    assert keys.unseal_notice(WALKOUT, sealed) == replace(addressee, language=addressee.language[:16])


def test_a_name_longer_than_any_platforms_is_kept_as_well(keys: Keys) -> None:
    addressee = replace(ADDRESSEE, account="é" * 500)
    assert keys.unseal_notice(WALKOUT, keys.seal_notice(WALKOUT, addressee)) == addressee


def test_a_locator_differs_by_walkout_and_code_and_is_nothing_else_that_is_stored(keys: Keys) -> None:
    made = {keys.bearer(code, ANA).notice(walkout) for walkout in (WALKOUT, OTHER) for code in ("CODE", "EDOC")}
    assert len(made) == 4
    assert not made & {keys.bearer("CODE", ANA).owner(WALKOUT), keys.person(ANA), key_of("CODE")}
