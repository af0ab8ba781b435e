"""`allout setup`, at a terminal and without one, against both platforms' servers; and what its files do."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import stat
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.runtime.settings import Settings
from bot.secrets.backup_files import public_half
from handlers.cli import dotenv, units
from tests.conftest import ROOT
from tests.console.play import Play
from tests.discord.house import House as DiscordHouse
from tests.discord.server import DiscordServer
from tests.processes import ALLOUT, PATIENCE_S, environment
from tests.telegram.house import House as TelegramHouse
from tests.telegram.server import TelegramServer

TELEGRAM = "This is @allout_test_bot on Telegram."
DISCORD = "This is allout_test_bot#0000 on Discord."
LINK = re.compile(r"https://t\.me/allout_test_bot\?start=(\w+)")


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What one run of the command said."""

    status: int
    said: str


class Terminal:
    """Somebody at a terminal, before a command that asks."""

    def __init__(self, master: int, process: asyncio.subprocess.Process) -> None:
        self._master = master
        self._process = process
        self._read = 0
        self._over = False
        self._new = asyncio.Event()
        self.said = ""
        asyncio.get_running_loop().add_reader(master, self._take)

    def _take(self) -> None:
        try:
            heard = os.read(self._master, 65536)
        except OSError:  # the other end is closed
            heard = b""
        if not heard:
            self._over = True
            asyncio.get_running_loop().remove_reader(self._master)
        self.said += heard.decode(errors="replace")
        self._new.set()

    async def answer(self, question: str, answer: str) -> None:
        """Wait until this is asked, then type that and Enter."""
        async with asyncio.timeout(PATIENCE_S):
            while question not in self.said[self._read :]:
                self._new.clear()
                await self._new.wait()
        self._read = self.said.index(question, self._read) + len(question)
        os.write(self._master, f"{answer}\n".encode())

    async def ended(self) -> int:
        """Wait for the end, and give the status."""
        async with asyncio.timeout(PATIENCE_S):
            status = await self._process.wait()
            while not self._over:
                self._new.clear()
                await self._new.wait()
        os.close(self._master)
        return status


class Server:
    """A machine on which nothing is set up, and two platforms that it can reach."""

    def __init__(self, folder: Path, telegram: TelegramServer, discord: DiscordServer) -> None:
        self.folder = folder
        self.telegram = telegram
        self.discord = discord

    @property
    def env(self) -> Path:
        return self.folder / ".env"

    def written(self) -> dict[str, bytes]:
        """Read every file that setup may write."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    def surroundings(self, env: Mapping[str, str]) -> dict[str, str]:
        where = {"ALLOUT_TELEGRAM_API_URL": self.telegram.origin, "ALLOUT_DISCORD_API_URL": self.discord.api_url}
        return {**environment(), **where, **env}

    async def setup(self, *words: str | Path, **env: str) -> Ran:
        """Run it where nobody is asked."""
        return await self.allout("setup", *words, **env)

    async def allout(self, *words: str | Path, **env: str) -> Ran:
        process = await asyncio.create_subprocess_exec(
            *ALLOUT,
            *map(str, words),
            cwd=self.folder,
            env=self.surroundings(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(PATIENCE_S):
            said, _nothing = await process.communicate()
        assert process.returncode is not None
        assert b"Traceback" not in said
        return Ran(status=process.returncode, said=said.decode())

    async def at_terminal(self, *words: str | Path) -> Terminal:
        """Run a command where somebody can be asked."""
        master, slave = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *ALLOUT,
            *map(str, words),
            cwd=self.folder,
            env=self.surroundings({"COLUMNS": "200", "TERM": "dumb"}),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        return Terminal(master, process)

    def token_file(self, token: str, name: str = "token") -> Path:
        path = self.folder / name
        path.write_text(token)
        return path


@pytest.fixture
async def server(data: Path) -> AsyncIterator[Server]:
    async with AsyncExitStack() as servers:
        telegram = await servers.enter_async_context(TelegramServer())
        discord = await servers.enter_async_context(DiscordServer())
        yield Server(data, telegram, discord)
        assert telegram.violations == []
        assert discord.violations == []


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# -- without a terminal ---------------------------------------------------------------------------------------------


async def test_by_options_alone_a_bot_is_set_up_and_its_link_makes_the_first_organizer(server: Server) -> None:
    token = server.token_file(f' "{server.telegram.token}" \n')
    ran = await server.setup("--data", server.folder / "store", "--telegram-token-file", token)
    assert ran.status == 0, ran.said
    assert TELEGRAM in ran.said
    assert server.telegram.token not in ran.said
    assert mode(server.env) == 0o600
    assert mode(server.folder / "private-backup-key") == 0o600
    assert f"ALLOUT_TELEGRAM_TOKEN={server.telegram.token}\n" in server.env.read_text()
    assert f"ALLOUT_BACKUP_KEY={public_half(server.folder / 'private-backup-key')}\n" in server.env.read_text()
    [code] = LINK.findall(ran.said)

    house = TelegramHouse(server.folder, server.telegram)
    try:
        await house.start(ALLOUT_TELEGRAM_TOKEN="")  # it stands in .env
        assert f"AllOut runs as @allout_test_bot on Telegram; its data is in {house.store}." in house.said
        ana = server.telegram.person(name="Ana")
        assert (await house.ask(ana, f"/start {code}"))["text"].startswith("You are an organizer now.")
        bo = server.telegram.person(name="Bo")
        assert (await house.ask(bo, f"/start {code}"))["text"].startswith("I do not know this card.")
        again = await server.setup()
        assert "There are organizers already." in again.said
        assert not LINK.findall(again.said)
        await house.stop()
    finally:
        await house.cleared()


async def test_on_discord_it_says_how_the_bot_is_invited_and_what_is_typed(server: Server) -> None:
    store = server.folder / "store"
    ran = await server.setup("--data", store, ALLOUT_DISCORD_TOKEN=server.discord.token)
    assert ran.status == 0, ran.said
    assert DISCORD in ran.said
    assert "/oauth2/authorize?client_id=" in ran.said
    assert "&scope=bot+applications.commands&permissions=274877910016" in ran.said
    code = ran.said.split()[-1]

    house = DiscordHouse(server.folder, server.discord)
    try:
        await house.start(ALLOUT_DISCORD_TOKEN="")
        ana = server.discord.person(name="Ana")
        answered = await house.command(ana, "organizer", server.discord.dm(ana), code=code)
        assert answered.text.startswith("You are an organizer now.")
        await house.stop()
    finally:
        await house.cleared()


@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_a_token_that_is_refused_writes_nothing(server: Server, platform: str) -> None:
    ran = await server.setup(f"--{platform}-token-file", server.token_file("7:wrong"))
    assert ran.status == 2
    assert f"does not accept ALLOUT_{platform.upper()}_TOKEN" in ran.said
    assert "7:wrong" not in ran.said
    assert list(server.written()) == ["token"]


@pytest.mark.parametrize(("platform", "token"), [("telegram", "7:\N{SNOWMAN}"), ("discord", "a\nb")])
async def test_what_can_be_no_token_goes_nowhere(server: Server, platform: str, token: str) -> None:
    ran = await server.setup(f"--{platform}-token-file", server.token_file(token))
    assert ran.status == 2
    assert list(server.written()) == ["token"]


async def test_where_no_platform_can_be_reached_the_tokens_are_taken_as_they_are(server: Server) -> None:
    async with server.discord.away():
        ran = await server.setup(
            ALLOUT_TELEGRAM_API_URL="http://127.0.0.1:9", ALLOUT_TELEGRAM_TOKEN="7:a", ALLOUT_DISCORD_TOKEN="b"
        )
    assert ran.status == 0, ran.said
    for platform in ("Telegram", "Discord"):
        assert f"{platform} cannot be reached from here, so the token was not tried." in ran.said
    assert "ALLOUT_TELEGRAM_TOKEN=7:a\n" in server.env.read_text()
    assert "ALLOUT_DISCORD_TOKEN=b\n" in server.env.read_text()
    assert "/organizer " in ran.said


async def test_given_again_it_changes_nothing(server: Server) -> None:
    passphrase = server.token_file("correct horse\n", "passphrase")
    first = await server.setup("--passphrase-file", passphrase, "--how", "service")
    assert first.status == 0, first.said
    before = server.written()
    key = (server.folder / "allout-data" / "allout.key").read_bytes()
    again = await server.setup()
    assert again.status == 0, again.said
    assert ".env says all this already." in again.said
    assert "allout.service says all this already." in again.said
    assert server.written() == before
    assert (server.folder / "allout-data" / "allout.key").read_bytes() == key
    other = await server.setup("--passphrase-file", server.token_file("another", "other"))
    assert other.status == 2
    assert "another would not open the key file" in other.said


async def test_a_private_key_that_is_there_is_kept_and_its_public_half_written(server: Server) -> None:
    await server.setup()
    before = server.written()
    server.env.unlink()
    ran = await server.setup()
    assert ran.status == 0, ran.said
    assert server.written() == before
    server.env.unlink()
    (server.folder / "private-backup-key").write_text("something else\n")
    ran = await server.setup()
    assert ran.status == 2
    assert "holds no private key" in ran.said
    assert (server.folder / "private-backup-key").read_text() == "something else\n"
    assert not server.env.exists()


async def test_lines_of_others_and_comments_stay_and_the_old_file_is_kept(server: Server) -> None:
    before = "# ours\nOTHER='x'\nALLOUT_DATA=old # where\n\n# the end\nALLOUT_LOG_LEVEL=INFO"
    server.env.write_text(before)
    server.env.chmod(0o644)
    ran = await server.setup("--data", "new")
    assert ran.status == 0, ran.said
    kept, ours = server.env.read_text().rsplit("\n", 2)[0], server.env.read_text().rsplit("\n", 2)[1]
    assert kept == before.replace("old", "new")
    assert ours.startswith("ALLOUT_BACKUP_KEY=public:")
    assert (server.folder / ".env.old").read_text() == before
    assert mode(server.env) == mode(server.folder / ".env.old") == 0o600
    assert (server.folder / "new" / "allout.db").exists()
    assert not (server.folder / "old").exists()
    ran = await server.setup("--data", "allout-data")
    assert server.env.read_text().startswith(kept.replace("new", "allout-data"))
    assert (server.folder / "allout-data" / "allout.db").exists()


async def test_for_a_container_it_writes_whose_the_files_are(server: Server) -> None:
    refused = await server.setup("--how", "container")
    assert refused.status == 2
    assert "There is no compose.yaml here." in refused.said
    assert server.written() == {}
    (server.folder / "compose.yaml").write_bytes((ROOT / "compose.yaml").read_bytes())
    ran = await server.setup("--how", "container")
    assert "docker compose up --build --detach" in ran.said
    owner = f"{os.getuid()}:{os.getgid()}" if os.getuid() else "10001:10001"  # never as root
    assert f"CONTAINER_USER={owner}\nCONTAINER_DATA=allout-data\n" in server.env.read_text()
    assert ".env says all this already." in (await server.setup()).said


# -- at a terminal --------------------------------------------------------------------------------------------------


async def test_at_a_terminal_everything_is_asked_and_nothing_secret_is_shown(server: Server) -> None:
    terminal = await server.at_terminal("setup")
    await terminal.answer("Folder of the database and its key", "store")
    await terminal.answer("from @BotFather [none]", "7:wrong")
    await terminal.answer("from @BotFather [none]", f"'{server.telegram.token}' ")
    await terminal.answer("from the developer portal [none]", server.discord.token)
    await terminal.answer("seals the key file [none]", "correct horse")
    await terminal.answer("The same again", "battery staple")
    await terminal.answer("seals the key file [none]", "correct horse")
    await terminal.answer("The same again", "correct horse")
    await terminal.answer("Number [4]", "2")
    await terminal.answer("[private-backup-key]", "mine")
    assert await terminal.ended() == 0, terminal.said
    said = terminal.said
    assert said.index("does not accept ALLOUT_TELEGRAM_TOKEN") < said.index(TELEGRAM) < said.index(DISCORD)
    for secret in ("7:wrong", server.telegram.token, server.discord.token, "correct horse", "battery staple"):
        assert secret not in said
    assert LINK.search(said)
    assert "\N{FULL BLOCK}" in said[said.index("Or point a phone at this:") :]
    assert (server.folder / "key-passphrase").read_text() == "correct horse\n"
    assert [mode(server.folder / name) for name in (".env", "mine", "key-passphrase")] == [0o600] * 3
    assert "systemctl --user enable allout" in said
    key = (server.folder / "store" / "allout.key").read_bytes()
    assert b'"sealed"' in key or b"salt" in key

    before = server.written()
    again = await server.at_terminal("setup")
    for question in ("[store]", "[keep the one that is set]", "[keep the one that is set]", "Number [2]"):
        await again.answer(question, "")
    assert await again.ended() == 0, again.said
    assert "The key file is sealed with the passphrase in key-passphrase." in again.said
    assert "Backups have their key." in again.said
    assert server.written() == before
    assert (server.folder / "store" / "allout.key").read_bytes() == key


async def test_a_token_that_is_set_and_refused_meanwhile_can_be_left_as_it_is(server: Server) -> None:
    server.env.write_text("ALLOUT_TELEGRAM_TOKEN=7:gone\n")
    terminal = await server.at_terminal("setup", "--how", "by-hand", "--private-backup-key", "mine")
    await terminal.answer("[allout-data]", "")
    for _ in range(2):
        await terminal.answer("[keep the one that is set]", "")
    await terminal.answer("from the developer portal [none]", "")
    await terminal.answer("seals the key file [none]", "")
    assert await terminal.ended() == 0, terminal.said
    assert server.env.read_text().startswith("ALLOUT_TELEGRAM_TOKEN=7:gone\nALLOUT_BACKUP_KEY=")


async def test_cut_off_before_the_last_answer_it_has_written_nothing(server: Server) -> None:
    terminal = await server.at_terminal("setup")
    await terminal.answer("[allout-data]", "")
    await terminal.answer("from @BotFather [none]", server.telegram.token)
    await terminal.answer("from the developer portal [none]", "\x04")
    assert await terminal.ended() == 1
    assert list(server.folder.iterdir()) == []


# -- a store beside another -----------------------------------------------------------------------------------------


BEGINNING = {
    "draft": ("draft", str(ROOT / "examples" / "first-walkout" / "walkout.toml"), "--now", "2027-04-20T09:00:00-04:00"),
    "console": ("console", "--script", "-"),
    "setup": ("setup",),
}


@pytest.mark.parametrize("command", BEGINNING)
def test_a_store_is_not_begun_unasked_beside_one_whose_name_is_near(play: Play, command: str) -> None:
    words = BEGINNING[command]
    play.allout(*BEGINNING["console"], "--data", "my-city")
    mistyped = play.allout(*words, "--data", "my-ctiy", status=2)
    assert "There is no store in my-ctiy; do you mean my-city?" in mistyped.err
    assert "--yes" in mistyped.err
    assert not (play.folder / "my-ctiy").exists()
    assert not (play.folder / ".env").exists()
    play.allout(*words, "--data", "elsewhere")
    assert (play.folder / "elsewhere" / "allout.db").exists()
    play.allout(*words, "--data", "my-ctiy", "--yes")
    assert (play.folder / "my-ctiy" / "allout.db").exists()


@pytest.mark.parametrize("words", [("walkouts",), ("console", "--script", "-"), ("setup",)])
def test_a_folder_that_cannot_be_looked_into_is_refused_in_one_sentence(play: Play, words: Sequence[str]) -> None:
    beyond = "x" * 300  # as well as another account's: no root may be stopped by that
    refused = play.allout(*words, "--data", beyond, status=2)
    assert refused.err == f"{beyond} cannot be used: File name too long.\n"


async def test_nor_does_a_bot_begin_one(server: Server) -> None:
    await server.allout(*BEGINNING["console"], "--data", "my-city")
    mistyped = await server.allout("run", "--data", "my-ctiy", ALLOUT_TELEGRAM_TOKEN="7:wrong")
    assert mistyped.status == 2
    assert "There is no store in my-ctiy; do you mean my-city?" in mistyped.said
    assert not (server.folder / "my-ctiy").exists()
    meant = await server.allout("run", "--data", "my-ctiy", "--yes", ALLOUT_TELEGRAM_TOKEN="7:wrong")
    assert "Telegram does not accept ALLOUT_TELEGRAM_TOKEN." in meant.said
    assert (server.folder / "my-ctiy" / "allout.db").exists()


async def test_at_a_terminal_it_is_asked_for(server: Server) -> None:
    assert (await server.allout("console", "--script", "-", "--data", "my-city")).status == 0
    for answer, begun in (("n", False), ("y", True)):
        terminal = await server.at_terminal("console", "--script", "/dev/null", "--data", "my-ctiy")
        await terminal.answer("Begin a new one in my-ctiy?", answer)
        assert await terminal.ended() == (0 if begun else 1)
        assert (server.folder / "my-ctiy").exists() is begun


# -- what the server's own commands answer --------------------------------------------------------------------------


def test_the_walkouts_are_listed_and_an_unknown_one_leads_to_the_list(play: Play) -> None:
    play.allout(*BEGINNING["console"], "--data", play.data)
    none = play.allout("walkouts", "--data", play.data)
    assert none.out == "There is no walkout yet. Draft one: allout draft walkout.toml\n"
    walkout = play.draft()
    listed = play.allout("walkouts", "--data", play.data)
    assert re.fullmatch(rf"{walkout} · One day for the rent freeze · draft · .*Dec.*\n", listed.out)
    for command in (("cards", "xxxxx", "--all", "--out", "cards.csv"), ("close", "xxxxx", "--yes")):
        ran = play.allout(*command, "--data", play.data, status=2)
        assert ran.err == "There is no walkout xxxxx. See them all: allout walkouts\n"


# -- the files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "ALLOUT_DATA=new\n"),
        ("X=1", "X=1\nALLOUT_DATA=new\n"),
        ("X=1\r\n", "X=1\r\nALLOUT_DATA=new\r\n"),
        ("ALLOUT_DATA=old\r\nX=1\r\n", "ALLOUT_DATA=new\r\nX=1\r\n"),
        ("ALLOUT_DATA=a\nALLOUT_DATA=b\n", "ALLOUT_DATA=a\nALLOUT_DATA=new\n"),
        ("  export allout_data = 'old'  # why\n", "  export allout_data=new  # why\n"),
        ("ALLOUT_DATA='o # d' # why\n", "ALLOUT_DATA=new # why\n"),
        ("ALLOUT_DATA=\nX=1\n", "ALLOUT_DATA=new\nX=1\n"),
        ("ALLOUT_DATA\n", "ALLOUT_DATA=new\n"),
        ("ALLOUT_DATA='new'  # as it is\n", "ALLOUT_DATA='new'  # as it is\n"),
        ("Y='\nALLOUT_DATA=old\n'\n", "Y='\nALLOUT_DATA=old\n'\nALLOUT_DATA=new\n"),
        ("# ALLOUT_DATA=old\n", "# ALLOUT_DATA=old\nALLOUT_DATA=new\n"),
        ("what is this\n", "what is this\nALLOUT_DATA=new\n"),
    ],
)
def test_of_a_settings_file_only_our_line_is_rewritten(before: str, after: str) -> None:
    assert dotenv.changed(before, {"ALLOUT_DATA": "new"}) == after


@pytest.mark.parametrize("value", ["a b", "it's", "a#b", "a #b", "$HOME", 'a"b', "a\\b", "\N{SNOWMAN}", "'"])
def test_whatever_is_written_is_read_as_it_was_meant(data: Path, value: str) -> None:
    path = data / ".env"
    text = dotenv.changed("ALLOUT_DATA=old # why\n", {"ALLOUT_DATA": value})
    dotenv.write(path, text)
    assert Settings(_env_file=path).data == Path(value)  # type: ignore[call-arg]
    assert dotenv.changed(text, {"ALLOUT_DATA": value}) == text
    assert text.endswith(" # why\n")


@pytest.mark.parametrize(
    "token", ["7:a", " 7:a\n", '"7:a"', "'7:a'", "\u201c7:a\u201d", "\u20187:a\u2019", " `7:a` ", "\u00a07:a"]
)
def test_a_token_is_taken_without_what_comes_along_when_it_is_copied(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    for platform in ("TELEGRAM", "DISCORD"):
        monkeypatch.setenv(f"ALLOUT_{platform}_TOKEN", token)
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    for secret in (settings.telegram_token, settings.discord_token):
        assert secret is not None
        assert secret.get_secret_value() == "7:a"


def test_a_token_of_nothing_but_quotes_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOUT_TELEGRAM_TOKEN", ' "" ')
    assert Settings(_env_file=None).telegram_token is None  # type: ignore[call-arg]


def _unit(user: str | None, folder: str = "/opt/all out") -> dict[str, list[str]]:
    where = Path(folder)
    text = units.unit(folder=where, data=where / "100%", program=where / "allout", user=user)
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if "=" in line and not line.startswith("#"):
            found.setdefault(line.partition("=")[0], []).append(line.partition("=")[2])
    return found


def test_a_machines_service_is_as_shut_in_as_the_example_and_writes_its_data_alone() -> None:
    example = (ROOT / "examples" / "systemd" / "allout.service").read_text()
    elsewhere = {"StateDirectory", "StateDirectoryMode", "EnvironmentFile", "Environment", "LoadCredentialEncrypted"}
    names = {line.partition("=")[0] for line in example.splitlines() if "=" in line and not line.startswith("#")}
    unit = _unit("ana")
    assert set(unit) == names - elsewhere | {"ReadWritePaths"}
    assert unit["User"] == ["ana"]
    assert unit["WorkingDirectory"] == ["/opt/all out"]
    assert unit["ExecStart"] == ['"/opt/all out/allout" run']
    assert unit["ReadWritePaths"] == ['"/opt/all out/100%%"']
    assert unit["ProtectHome"] == ["yes"]
    assert _unit("ana", "/home/ana/allout")["ProtectHome"] == ["read-only"]


def test_an_accounts_own_service_has_nothing_that_takes_root() -> None:
    unit = _unit(None)
    assert not [name for name in unit if name.startswith(("User", "Protect", "Private", "Capability", "ReadWrite"))]
    assert unit["WantedBy"] == ["default.target"]
    assert unit["NoNewPrivileges"] == ["yes"]
    assert len(unit["SystemCallFilter"]) == 2
