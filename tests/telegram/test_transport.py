from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    LinkPreviewOptions,
    MessageEntity,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import BaseRequest, HTTPXRequest

from handlers.telegram.transport import AiohttpRequest
from tests.telegram import schema
from tests.telegram.server import (
    TOKEN,
    Fault,
    Limits,
    Request,
    TelegramServer,
    blocked,
    broken,
    dropped,
    flood,
    held,
    kicked,
    lost,
    not_found,
    refused,
    unauthorized,
    upgraded,
)

SECRET = TOKEN.partition(":")[2]
ANNA = 5_123_456_789
SOON = 0.05  # seconds; for what is meant to run out

Calls = Callable[[Bot], Awaitable[object]]
Transport = Callable[..., BaseRequest]

both = pytest.mark.parametrize("transport", [AiohttpRequest, HTTPXRequest])


@pytest.fixture(autouse=True)
def _durations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library give waits as durations; it warns of every number it still gives."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as running:
        running.person(ANNA, name="Anna")
        yield running
        assert running.violations == []


@asynccontextmanager
async def over(request: BaseRequest, server: TelegramServer, *, token: str = TOKEN) -> AsyncIterator[Bot]:
    """Give a bot that calls over this transport, without the getMe of a start."""
    bot = Bot(
        token,
        base_url=server.base_url,
        base_file_url=server.base_file_url,
        request=request,
        get_updates_request=request,
    )
    async with request:
        yield bot


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """Give the port of a server that does with each connection whatever it likes."""
    done: set[asyncio.Task[None]] = set()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        done.add(task)
        try:
            await serve(reader, writer)
        finally:
            writer.transport.abort()

    listener = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for task in done:
            task.cancel()
        await asyncio.gather(*done, return_exceptions=True)


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """Give the port of a server that answers everything with these bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        await reader.read()

    async with listening(serve) as port:
        yield port


async def _silent(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def _tells(error: BaseException) -> str:
    """Everything anybody could print of an error, with all that led to it."""
    told = "".join(traceback.format_exception(error))
    link: BaseException | None = error
    while link is not None:
        told += f"{link!s} {link!r} {link.args!r}"
        link = link.__cause__ or link.__context__
    return told


# ---- the same bytes as from the library's own transport

KEYBOARD = InlineKeyboardMarkup(
    [
        [InlineKeyboardButton("✊ I pledge", callback_data="p:k7m3q-ümlaut")],
        [InlineKeyboardButton("Read & ask", url="https://example.org/?a=1&b=2+3")],
    ]
)


async def _texts(bot: Bot) -> None:
    await bot.send_message(ANNA, "plain")
    await bot.send_message(ANNA, "a+b=c & 100% ~ * _ - . / ? # : ; '\"\\ \t\n zwei\r\nlines")
    await bot.send_message(ANNA, "日本語 ✊🏽 👩‍👩‍👧 e\u0301 \u202e \u00a0 \U0001f1fa\U0001f1f8")
    await bot.send_message(ANNA, "x" * 4096)
    await bot.send_message(ANNA, "✊" * 4096)
    await bot.send_message(ANNA, "\U0001f469" * 4096, reply_markup=KEYBOARD)
    await bot.send_message(
        ANNA,
        "👷 bold",
        entities=[MessageEntity("bold", 3, 4)],
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        disable_notification=True,
        protect_content=False,
    )


async def _edits(bot: Bot) -> None:
    sent = await bot.send_message(ANNA, "212 of 300", reply_markup=KEYBOARD)
    await bot.edit_message_text("300 of 300 — it is on", ANNA, sent.message_id)
    await bot.edit_message_reply_markup(ANNA, sent.message_id, reply_markup=KEYBOARD)
    await bot.delete_message(ANNA, sent.message_id)


async def _uploads(bot: Bot) -> None:
    await bot.send_document(ANNA, b"a;b\r\n1;2\r\n\x00\xff--", filename="roster.csv", caption="✊ 20 cards")
    await bot.send_document(ANNA, b"", filename="empty.txt")
    await bot.send_document(ANNA, b"x", filename='Liste "Nord"\\ é ✊\r\n.csv', reply_markup=KEYBOARD)
    await bot.send_document(ANNA, b"no name")
    await bot.send_document(ANNA, bytes(range(256)) * 1000, filename="large.bin")
    await bot.send_document(ANNA, InputFile(io.BytesIO(b"from a handle"), "handle.txt", read_file_handle=False))
    await bot.send_document(ANNA, InputFile(b"by its name", "attached.txt", attach=True))


async def _administration(bot: Bot) -> None:
    await bot.get_me()
    await bot.set_my_commands([BotCommand("pledge", "stand a card")], scope=BotCommandScopeAllPrivateChats())
    await bot.set_my_commands([BotCommand("tally", "how many")], scope=BotCommandScopeChat(ANNA), language_code="es")
    await bot.get_my_commands(scope=BotCommandScopeAllPrivateChats())
    await bot.delete_my_commands(scope=BotCommandScopeChat(ANNA), language_code="es")
    await bot.set_my_description("Pledge in confidence.")
    await bot.set_my_short_description("", language_code="es")
    await bot.get_my_description()
    await bot.get_my_short_description()
    await bot.get_chat(ANNA)
    await bot.get_chat_member(ANNA, ANNA)
    await bot.get_updates(offset=5, limit=10, timeout=0, allowed_updates=["message", "callback_query"])
    await bot.delete_webhook(drop_pending_updates=True)
    await bot.get_webhook_info()


def _sent(request: Request) -> dict[str, Any]:
    """Everything about a call that must not depend on the transport."""
    kind = request.headers.get("Content-Type", "")
    boundary = kind.partition("boundary=")[2].encode() or b"--none--"
    uuid = re.compile(rb"attached[0-9a-f]{32}")
    return {
        "method": request.method,
        "verb": request.verb,
        "kind": kind.partition(";")[0],
        "body": uuid.sub(b"attached", request.body.replace(boundary, b"BOUNDARY")),
        "agent": request.headers["User-Agent"],
        "accept": request.headers["Accept"],
        "length": request.headers.get("Content-Length"),
    }


@pytest.mark.parametrize("calls", [_texts, _edits, _uploads, _administration])
async def test_the_same_bytes_go_out_as_from_the_librarys_own_transport(calls: Calls) -> None:
    sent = []
    for request in (AiohttpRequest(), HTTPXRequest()):
        async with TelegramServer() as server, over(request, server) as bot:
            server.person(ANNA)
            await calls(bot)
        assert server.violations == []
        sent.append([_sent(each) for each in server.requests])
        assert {each.status for each in server.requests} == {200}
    ours, theirs = sent
    assert ours == theirs


async def test_a_text_arrives_as_it_was_said(server: TelegramServer) -> None:
    text = "✊" * 2048 + "👩🏽" * 1024
    async with over(AiohttpRequest(), server) as bot:
        sent = await bot.send_message(ANNA, text, reply_markup=KEYBOARD)
    assert sent.text == text
    assert sent.reply_markup == KEYBOARD
    assert server.chats[ANNA].texts == [text]


async def test_a_file_arrives_as_it_was_sent_and_comes_back(server: TelegramServer) -> None:
    contents = bytes(range(256)) * 4096
    async with over(AiohttpRequest(), server) as bot:
        sent = await bot.send_document(ANNA, contents, filename="cards.pdf")
        assert sent.document is not None
        file = await bot.get_file(sent.document.file_id)
        assert bytes(await file.download_as_bytearray()) == contents
    (request,) = server.called("sendDocument")
    assert request.files["document"].filename == "cards.pdf"
    assert request.files["document"].content_type == "application/pdf"
    assert request.files["document"].data == contents


# ---- what goes wrong


@pytest.mark.parametrize(
    ("fault", "expected", "said"),
    [
        (flood(17), RetryAfter, "Flood control exceeded. Retry in 0:00:17"),
        (blocked(), Forbidden, "Forbidden: bot was blocked by the user"),
        (kicked(), Forbidden, "Forbidden: bot was kicked from the supergroup chat"),
        (refused(400, "Bad Request: chat not found"), BadRequest, "Chat not found"),
        (upgraded(-1_002_000_000_009), ChatMigrated, "Group migrated to supergroup. New chat id: -1002000000009"),
        (unauthorized(), InvalidToken, "Unauthorized"),
        (not_found(), InvalidToken, "Not Found"),
        (refused(409, "Conflict: terminated"), Conflict, "Conflict: terminated"),
        (broken(), NetworkError, "Internal Server Error"),
        (broken(503), NetworkError, "Internal Server Error"),
        (broken(502, b"{}"), NetworkError, "Bad Gateway (502)"),
    ],
)
@both
async def test_telegrams_refusals_become_the_librarys_errors(
    server: TelegramServer, transport: Transport, fault: Fault, expected: type[TelegramError], said: str
) -> None:
    server.plan("sendMessage", fault)
    async with over(transport(), server) as bot:
        with pytest.raises(TelegramError) as caught:
            await bot.send_message(ANNA, "hello")
        assert type(caught.value) is expected
        assert str(caught.value) == said
        await bot.send_message(ANNA, "again")
    assert server.chats[ANNA].texts == ["again"]


@both
async def test_a_flood_says_how_long_to_wait(server: TelegramServer, transport: Transport) -> None:
    server.plan("sendMessage", flood(17))
    async with over(transport(), server) as bot:
        with pytest.raises(RetryAfter) as caught:
            await bot.send_message(ANNA, "hello")
    assert caught.value.retry_after == timedelta(seconds=17)


@both
async def test_a_wrong_token_is_no_good(server: TelegramServer, transport: Transport) -> None:
    async with over(transport(), server, token="1:wrong") as bot:
        with pytest.raises(InvalidToken):
            await bot.initialize()


@pytest.mark.parametrize(
    ("fault", "standing"),
    [
        (dropped(), []),
        (lost(), ["hello"]),  # it was said all the same, though nobody told us
    ],
)
@both
async def test_a_lost_connection_is_an_error_and_nothing_is_sent_twice(
    server: TelegramServer, transport: Transport, fault: Fault, standing: list[str]
) -> None:
    async with over(transport(), server) as bot:
        await bot.get_me()  # so that the connection that is cut is one that was kept
        server.plan("sendMessage", fault)
        with pytest.raises(NetworkError) as caught:
            await bot.send_message(ANNA, "hello")
        assert type(caught.value) is NetworkError
    assert server.chats[ANNA].texts == standing
    assert len(server.called("sendMessage")) == 1


@both
async def test_a_late_answer_times_out(server: TelegramServer, transport: Transport) -> None:
    release = asyncio.Event()
    server.plan("sendMessage", held(release), held(release))
    async with over(transport(read_timeout=SOON), server) as bot:
        with pytest.raises(TimedOut):
            await bot.send_message(ANNA, "by the default")
        with pytest.raises(TimedOut):
            await bot.send_message(ANNA, "by the call's own", read_timeout=SOON / 2)
        release.set()
        await bot.send_message(ANNA, "in time", read_timeout=None)
    assert server.called("sendMessage")[-1].status == 200


@both
async def test_a_handshake_that_never_comes_times_out(transport: Transport) -> None:
    async with listening(_silent) as port, transport(connect_timeout=SOON) as request:
        with pytest.raises(TimedOut):
            await request.post(f"https://127.0.0.1:{port}/bot{TOKEN}/getMe")


@both
async def test_an_upload_that_makes_no_way_times_out(transport: Transport) -> None:
    async with listening(_silent) as port, transport(media_write_timeout=SOON) as request:
        bot = Bot(TOKEN, base_url=f"http://127.0.0.1:{port}/bot", request=request)
        with pytest.raises(TimedOut):
            await bot.send_document(ANNA, bytes(32 * 1024 * 1024), filename="large.bin")


async def test_no_free_connection_times_out_and_nothing_is_sent(server: TelegramServer) -> None:
    release = asyncio.Event()
    server.plan("sendMessage", held(release))
    async with over(AiohttpRequest(connections=1, pool_timeout=SOON), server) as bot:
        first = asyncio.create_task(bot.send_message(ANNA, "first"))
        await server.wait_for(lambda: server.called("sendMessage"))
        with pytest.raises(TimedOut, match=r"\*not\* sent"):
            await bot.send_message(ANNA, "second")
        release.set()
        await first
        await bot.send_message(ANNA, "third")
    assert server.chats[ANNA].texts == ["first", "third"]


@both
async def test_of_two_polls_at_once_the_older_one_ends(server: TelegramServer, transport: Transport) -> None:
    async with over(transport(), server) as bot:
        older = asyncio.create_task(bot.get_updates(timeout=10))
        await server.wait_for(lambda: server.called("getUpdates"))
        await bot.get_updates(timeout=0)
        with pytest.raises(Conflict):
            await older
    assert server.conflicts == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",  # then it ends
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_an_answer_that_is_none_is_a_network_error(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.write_eof()
        await writer.drain()
        await reader.read(65536)

    async with listening(serve) as port, AiohttpRequest() as request:
        with pytest.raises(NetworkError) as caught:
            await request.post(f"http://127.0.0.1:{port}/bot{TOKEN}/getMe")
    assert not isinstance(caught.value, TimedOut)
    assert SECRET not in _tells(caught.value)


async def test_a_redirect_is_not_followed(server: TelegramServer) -> None:
    answer = f"HTTP/1.1 302 Found\r\nLocation: {server.base_url}{TOKEN}/getMe\r\nContent-Length: 0\r\n\r\n".encode()
    async with answering(answer) as port, AiohttpRequest() as request:
        with pytest.raises(NetworkError, match="302"):
            await request.post(f"http://127.0.0.1:{port}/bot{TOKEN}/getMe")
    assert server.requests == []


# ---- the token stays here


async def _refused_connection(request: BaseRequest) -> None:
    async with listening(_silent) as port:
        pass
    await request.post(f"http://127.0.0.1:{port}/bot{TOKEN}/getMe")


async def _handshake(request: BaseRequest) -> None:
    async with listening(_silent) as port:
        await request.post(f"https://127.0.0.1:{port}/bot{TOKEN}/getMe", connect_timeout=SOON)


async def _plain_where_tls_was_meant(request: BaseRequest) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await asyncio.Event().wait()

    async with listening(serve) as port:
        await request.post(f"https://127.0.0.1:{port}/bot{TOKEN}/getMe")


async def _no_answer(request: BaseRequest) -> None:
    async with listening(_silent) as port:
        await request.post(f"http://127.0.0.1:{port}/bot{TOKEN}/getMe", read_timeout=SOON)


async def _no_address(request: BaseRequest) -> None:
    await request.post(f"http://[bad/bot{TOKEN}/getMe")


async def _no_scheme(request: BaseRequest) -> None:
    await request.post(f"gopher://127.0.0.1/bot{TOKEN}/getMe")


async def _no_port(request: BaseRequest) -> None:
    await request.post(f"http://127.0.0.1:99999/bot{TOKEN}/getMe")


async def _page_that_quotes_the_address(request: BaseRequest) -> None:
    page = f"<p>cannot fetch /bot{TOKEN}/getMe</p>".encode()
    async with answering(b"HTTP/1.1 502 No\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page)) as port:
        await request.post(f"http://127.0.0.1:{port}/bot{TOKEN}/getMe")


async def _page_instead_of_an_answer(request: BaseRequest) -> None:
    page = f"<p>log in to go to /bot{TOKEN}/getMe</p>".encode()
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page)) as port:
        await request.post(f"http://127.0.0.1:{port}/bot{TOKEN}/getMe")


async def _cut(request: BaseRequest) -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with listening(serve) as port:
        await request.post(f"http://127.0.0.1:{port}/bot{TOKEN}/getMe")


async def _closed(request: BaseRequest) -> None:
    await request.shutdown()
    await request.post(f"http://127.0.0.1:1/bot{TOKEN}/getMe")


@pytest.mark.parametrize(
    "go",
    [
        _refused_connection,
        _handshake,
        _plain_where_tls_was_meant,
        _no_answer,
        _no_address,
        _no_scheme,
        _no_port,
        _page_that_quotes_the_address,
        _page_instead_of_an_answer,
        _cut,
        _closed,
    ],
)
async def test_the_token_is_in_no_error_and_no_log(
    go: Callable[[BaseRequest], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with AiohttpRequest() as request:
        with pytest.raises(TelegramError) as caught:
            await go(request)
    assert SECRET not in _tells(caught.value)
    assert SECRET not in caplog.text
    assert {record.name for record in caplog.records} <= {"asyncio"}


# ---- a proxy


@asynccontextmanager
async def proxy(credentials: str) -> AsyncIterator[tuple[str, list[str]]]:
    """Run a forwarding proxy; give its host and port, and the addresses it is asked for."""
    asked: list[str] = []
    wanted = aiohttp.encode_basic_auth(*credentials.split(":"))

    async def forward(request: web.BaseRequest) -> web.Response:
        asked.append(request.raw_path)
        if request.headers.get("Proxy-Authorization") != wanted:
            return web.Response(status=407, text=f"not to {request.raw_path}")
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method,
                request.raw_path,
                data=await request.read(),
                headers={"Content-Type": request.content_type},
            ) as response,
        ):
            return web.Response(status=response.status, body=await response.read())

    runner = web.ServerRunner(web.Server(forward), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


async def test_calls_go_through_the_proxy_with_its_password(server: TelegramServer) -> None:
    async with (
        proxy("walker:p@ss") as (address, asked),
        over(AiohttpRequest(proxy=f"http://walker:p%40ss@{address}"), server) as bot,
    ):
        await bot.send_message(ANNA, "hello")
    assert server.chats[ANNA].texts == ["hello"]
    assert asked == [f"{server.base_url}{TOKEN}/sendMessage"]


async def test_a_proxy_that_refuses_tells_neither_token_nor_password(server: TelegramServer) -> None:
    async with (
        proxy("walker:other") as (address, _),
        over(AiohttpRequest(proxy=f"http://walker:secret-word@{address}"), server) as bot,
    ):
        with pytest.raises(NetworkError, match="407") as caught:
            await bot.send_message(ANNA, "hello")
    assert SECRET not in _tells(caught.value)
    assert "secret-word" not in _tells(caught.value)
    assert server.requests == []


async def test_a_proxy_that_is_not_there_tells_neither_token_nor_password(server: TelegramServer) -> None:
    async with listening(_silent) as port:
        pass
    async with over(AiohttpRequest(proxy=f"http://walker:secret-word@127.0.0.1:{port}"), server) as bot:
        with pytest.raises(NetworkError) as caught:
            await bot.send_message(ANNA, "hello")
    assert SECRET not in _tells(caught.value)
    assert "secret-word" not in _tells(caught.value)


async def test_a_proxy_in_the_environment_is_not_asked(server: TelegramServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with over(AiohttpRequest(), server) as bot:
        await bot.send_message(ANNA, "hello")
    assert server.chats[ANNA].texts == ["hello"]


# ---- many calls, and the session's life


async def test_two_hundred_calls_at_once_share_few_connections(server: TelegramServer) -> None:
    async with over(AiohttpRequest(connections=20, pool_timeout=None), server) as bot:
        await asyncio.gather(*(bot.send_message(ANNA, f"{number}") for number in range(200)))
    assert sorted(map(int, server.chats[ANNA].texts)) == list(range(200))
    assert len(server.peers) <= 20


async def test_an_upload_that_makes_way_may_take_longer_than_one_write(server: TelegramServer) -> None:
    contents = bytes(8 * 1024 * 1024)
    async with over(AiohttpRequest(media_write_timeout=1), server) as bot:
        await bot.send_document(ANNA, contents, filename="large.bin")
    assert server.called("sendDocument")[0].files["document"].data == contents


async def test_one_connection_is_kept_for_call_after_call(server: TelegramServer) -> None:
    async with over(AiohttpRequest(), server) as bot:
        for number in range(10):
            await bot.send_message(ANNA, f"{number}")
    assert len(server.peers) == 1


async def test_a_call_that_was_given_up_leaves_room_for_the_next(server: TelegramServer) -> None:
    release = asyncio.Event()
    server.plan("sendMessage", held(release))
    async with over(AiohttpRequest(connections=1, pool_timeout=None), server) as bot:
        under_way = asyncio.create_task(bot.send_message(ANNA, "given up"))
        await server.wait_for(lambda: server.called("sendMessage"))
        in_line = asyncio.create_task(bot.send_message(ANNA, "given up in line"))
        await asyncio.sleep(0)
        for task in (in_line, under_way):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await bot.send_message(ANNA, "next")
        release.set()
        await server.wait_for(lambda: len(server.chats[ANNA].texts) == 2)
    assert server.chats[ANNA].texts == ["next", "given up"]


def test_it_is_made_before_any_loop_runs_and_used_in_one_after_another() -> None:
    request = AiohttpRequest(read_timeout=3)
    assert request.read_timeout == 3

    async def call() -> list[str]:
        async with TelegramServer() as server, over(request, server) as bot:
            server.person(ANNA)
            await request.initialize()  # again
            await bot.send_message(ANNA, "hello")
            await request.shutdown()
            await request.shutdown()
            with pytest.raises(NetworkError, match="not initialized"):
                await bot.send_message(ANNA, "too late")
            await request.initialize()
            await bot.send_message(ANNA, "back")
        return server.chats[ANNA].texts

    assert asyncio.run(call()) == ["hello", "back"]
    assert asyncio.run(call()) == ["hello", "back"]


# ---- the server these tests rely on


async def test_updates_are_handed_out_oldest_first_until_confirmed(server: TelegramServer) -> None:
    numbers = [server.say(ANNA, f"{number}") for number in range(150)]
    async with over(AiohttpRequest(), server) as bot:
        first = await bot.get_updates()
        assert [update.update_id for update in first] == numbers[:100]
        assert [update.update_id for update in await bot.get_updates()] == numbers[:100]
        rest = await bot.get_updates(offset=numbers[99] + 1)
        assert [update.update_id for update in rest] == numbers[100:]
        assert server.unconfirmed == numbers[100:]
        server.duplicate(numbers[0])
        again = await bot.get_updates(offset=numbers[149] + 1)
        assert [update.update_id for update in again] == [numbers[0]]
        poll = asyncio.create_task(bot.get_updates(offset=numbers[149] + 1, timeout=10))
        await server.wait_for(lambda: len(server.called("getUpdates")) == 5)
        button = server.say(ANNA, "/start now")
        (update,) = await poll
        assert update.update_id == button
        assert update.message is not None
        assert update.message.parse_entities(["bot_command"]) == {update.message.entities[0]: "/start"}


async def test_what_the_bot_did_can_be_seen_and_answered(server: TelegramServer) -> None:
    group = server.room("group", members=[ANNA])
    async with over(AiohttpRequest(), server) as bot:
        sent = await bot.send_message(group, "first", reply_markup=KEYBOARD)
        await bot.edit_message_text("second", group, sent.message_id, reply_markup=KEYBOARD)
        with pytest.raises(BadRequest, match="not modified"):
            await bot.edit_message_text("second", group, sent.message_id, reply_markup=KEYBOARD)
        (message,) = server.chats[group].from_bot
        assert message["text"] == "second"
        server.press(message, "✊ I pledge", ANNA)
        (update,) = await bot.get_updates()
        assert update.callback_query is not None
        await update.callback_query.answer("Noted.")
        assert server.callbacks[update.callback_query.id] == {
            "callback_query_id": update.callback_query.id,
            "text": "Noted.",
        }
        with pytest.raises(BadRequest, match="Query is too old"):
            await bot.answer_callback_query("1")
        new = server.upgrade(group)
        with pytest.raises(ChatMigrated) as caught:
            await bot.send_message(group, "hello?")
        assert caught.value.new_chat_id == new
        server.member(ANNA, "kicked")
        with pytest.raises(Forbidden, match="blocked"):
            await bot.send_message(ANNA, "hello?")
        ben = 6_000_000_007
        server.say(ben, "I never wrote to the bot itself", new)
        with pytest.raises(Forbidden, match="can't initiate"):
            await bot.send_message(ben, "hello?")
        await bot.leave_chat(new)
        with pytest.raises(Forbidden, match="not a member"):
            await bot.send_message(new, "hello?")


async def test_the_server_keeps_telegrams_limits() -> None:
    now = [1000.0]
    async with TelegramServer(limits=Limits(), clock=lambda: now[0]) as server, over(AiohttpRequest(), server) as bot:
        group = server.room("group")
        people = [server.person() for _ in range(31)]
        for person in people[:30]:
            await bot.send_message(person, "hello")
        with pytest.raises(RetryAfter):
            await bot.send_message(people[30], "one too many")
        now[0] += 1
        for _ in range(20):
            await bot.send_message(group, "hello")
            with pytest.raises(RetryAfter):
                await bot.send_message(group, "too soon")
            now[0] += 1
        with pytest.raises(RetryAfter) as caught:
            await bot.send_message(group, "too often")
        assert caught.value.retry_after == timedelta(seconds=40)
        now[0] += 40
        await bot.send_message(group, "hello")
        assert [name for name, _ in server.floods] == ["overall", *["chat"] * 20, "group"]


def _table() -> schema.Schema:
    table = schema.load()
    if table is None:
        pytest.skip(schema.MISSING)
    return table


async def test_what_the_server_says_is_of_the_types_in_telegrams_table(server: TelegramServer) -> None:
    table = _table()
    group, channel = server.room("group", members=[ANNA]), server.room("channel")
    async with over(AiohttpRequest(), server) as bot:
        for calls in (_texts, _uploads, _edits, _administration):
            await calls(bot)
        sent = await bot.send_message(ANNA, "a question", reply_markup=KEYBOARD)
        server.press(server.chats[ANNA].messages[sent.message_id], "✊ I pledge")
        await bot.delete_message(ANNA, sent.message_id)
        server.press(sent.to_dict(), "✊ I pledge")
    server.say(ANNA, "/start")
    server.say(ANNA, "hello", group)
    server.say(ANNA, "hello", channel)
    server.upload(ANNA, "roster.csv", b"a;b", "the roster", "album")
    for status in ("administrator", "left", "restricted", "kicked", "creator", "member"):
        server.member(group, status)
    server.upgrade(group)
    assert [wrong for update in server.updates.values() for wrong in table.wrong_in("Update", update)] == []


async def test_answers_are_of_the_types_in_telegrams_table(server: TelegramServer) -> None:
    table = _table()
    person, group = {"chat_id": ANNA}, {"chat_id": server.room("group", members=[ANNA])}
    server.upload(ANNA, "roster.csv", b"a;b")
    calls: list[tuple[str, dict[str, Any]]] = [
        ("getUpdates", {}),
        ("getMe", {}),
        ("sendMessage", person | {"text": "hello"}),
        ("editMessageText", person | {"text": "hello again", "message_id": 2}),
        ("sendDocument", person | {"document": next(iter(server.files))}),
        ("getFile", {"file_id": next(iter(server.files))}),
        ("getChat", person),
        ("getChat", group),
        ("getChatMember", group | {"user_id": ANNA}),
        ("getMyCommands", {}),
        ("getMyDescription", {}),
        ("getMyShortDescription", {}),
        ("getWebhookInfo", {}),
        ("leaveChat", group),
    ]
    async with aiohttp.ClientSession() as session:
        for method, params in calls:
            async with session.post(f"{server.base_url}{TOKEN}/{method}", json=params) as response:
                answer = await response.json()
            assert answer["ok"], answer
            assert any(not table.wrong_in(kind, answer["result"]) for kind in table.result_types(method)), answer


@pytest.mark.parametrize(
    ("method", "params", "files", "wrong"),
    [
        ("sendMessage", {"chat_id": 1, "text": "x"}, [], None),
        ("sendMassage", {}, [], "no such method"),
        ("sendMessage", {"text": "x"}, [], "sendMessage.chat_id: missing"),
        ("sendMessage", {"chat_id": 1, "text": "x", "colour": "red"}, [], "sendMessage.colour: no such parameter"),
        ("sendMessage", {"chat_id": "anna", "text": "x"}, [], "sendMessage.chat_id: not Integer or String"),
        ("sendMessage", {"chat_id": 1, "text": "x" * 4097}, [], "4097 is not within 1-4096 characters"),
        ("sendMessage", {"chat_id": 1, "text": "x", "disable_notification": "yes"}, [], "not Boolean"),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}},
            [],
            "one thing",
        ),
        (
            "sendMessage",
            {
                "chat_id": 1,
                "text": "x",
                "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "é" * 33}]]},
            },
            [],
            "66 is not within 1-64 bytes",
        ),
        (
            "sendMessage",
            {"chat_id": 1, "text": "✊", "entities": [{"type": "bold", "offset": 0, "length": 1}]},
            [],
            None,
        ),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "entities": [{"type": "bold", "offset": 1, "length": 1}]},
            [],
            "beyond",
        ),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "entities": [{"type": "loud", "offset": 0, "length": 1}]},
            [],
            "none of",
        ),
        ("sendMessage", {"chat_id": 1, "text": "x", "link_preview_options": {"is_disabled": 1}}, [], "not Boolean"),
        ("editMessageText", {"text": "x", "chat_id": 1, "message_id": 2}, [], None),
        ("editMessageText", {"text": "x", "chat_id": 1}, [], "editMessageText.message_id: missing"),
        ("setMyCommands", {"commands": [{"command": "Stop", "description": "x"}]}, [], "not spelled"),
        ("setMyCommands", {"commands": [{"command": "a", "description": "b"}] * 101}, [], "101 of at most 100"),
        ("setMyCommands", {"commands": [], "scope": {"type": "chat"}}, [], "setMyCommands.scope.chat_id: missing"),
        ("setMyCommands", {"commands": [], "scope": {"type": "some"}}, [], "setMyCommands.scope.type: not"),
        ("getUpdates", {"limit": 101}, [], "101 is not within 1-100"),
        ("sendDocument", {"chat_id": 1}, ["document"], None),
        ("sendDocument", {"chat_id": 1}, [], "sendDocument.document: missing"),
        ("sendDocument", {"chat_id": 1, "document": "attach://a"}, ["b"], "attach://a was not uploaded"),
    ],
)
def test_a_call_is_checked_against_telegrams_table(
    method: str, params: dict[str, Any], files: list[str], wrong: str | None
) -> None:
    wire = {name: value if isinstance(value, str) else json.dumps(value) for name, value in params.items()}
    findings = _table().wrong_in_call(method, wire, files)
    assert (wrong is None and not findings) or any(wrong is not None and wrong in line for line in findings), findings
