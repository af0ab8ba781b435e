"""How calls travel to Telegram: over aiohttp, since python-telegram-bot's own way slows down as calls grow many."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import IO, Any, Final, TypeAlias, cast
from urllib.parse import urlencode

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from handlers.platforms.bounded_reads import read_past

_Seconds: TypeAlias = Any
"""A number, None for no limit, or `BaseRequest.DEFAULT_NONE`, whose type python-telegram-bot keeps to itself."""

_CHUNK: Final = 64 * 1024  # bytes; a shorter body goes into the socket's buffer at once, so its write cannot wait
_LARGEST: Final = 20 * 1024 * 1024  # bytes; a bot can fetch no larger file, and no other answer comes near that
_IN_QUOTES: Final = re.compile(r'["\\\x00-\x1a\x1c-\x1f]')


class AiohttpRequest(BaseRequest):
    """Carries calls over kept-alive connections, at most `connections` at a time; further calls wait their turn.

    The same bytes go out as from the library's HTTPXRequest, and the same errors come back; time-outs are in
    seconds, None for never. No error holds an address, which has the bot's token in it, and nothing is logged.
    A proxy comes from `proxy` alone, never from the environment; redirects are not followed.
    """

    __slots__ = (
        "_connect_timeout",
        "_connections",
        "_keep_alive",
        "_media_write_timeout",
        "_pool_timeout",
        "_proxy",
        "_read_timeout",
        "_session",
        "_turns",
        "_write_timeout",
    )

    def __init__(
        self,
        *,
        connections: int = 256,
        read_timeout: float | None = 5.0,
        write_timeout: float | None = 5.0,
        connect_timeout: float | None = 5.0,
        pool_timeout: float | None = 1.0,
        media_write_timeout: float | None = 20.0,
        keep_alive: float = 5.0,
        proxy: str | None = None,
    ) -> None:
        """Take down the settings; nothing is opened before `initialize`."""
        self._connections = connections
        self._read_timeout = read_timeout
        self._write_timeout = write_timeout
        self._connect_timeout = connect_timeout
        self._pool_timeout = pool_timeout
        self._media_write_timeout = media_write_timeout
        self._keep_alive = keep_alive
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None
        self._turns = asyncio.Semaphore(connections)

    @property
    def read_timeout(self) -> float | None:
        """The seconds an answer may take, if a call does not say."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Get ready to call; a second time changes nothing."""
        if self._session is not None:
            return
        self._turns = asyncio.Semaphore(self._connections)
        self._session = aiohttp.ClientSession(
            # limit=0: the turns are ours, so that waiting for one and connecting have a time-out each
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=self._keep_alive),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self.USER_AGENT},
            skip_auto_headers=("Content-Type",),  # a call without parameters has no body to be of any type
            proxy=self._proxy,
            trust_env=False,
        )

    async def shutdown(self) -> None:
        """Close every connection; calls under way fail. `initialize` makes it usable again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: _Seconds = BaseRequest.DEFAULT_NONE,
        write_timeout: _Seconds = BaseRequest.DEFAULT_NONE,
        connect_timeout: _Seconds = BaseRequest.DEFAULT_NONE,
        pool_timeout: _Seconds = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one call and give its status and body; an error's body that is not Telegram's comes back as `{}`.

        Raises TimedOut or NetworkError, named after the first error but not holding it.
        """
        session = self._session
        if session is None:
            raise RuntimeError("This AiohttpRequest is not initialized!")
        files = request_data.multipart_data if request_data else {}
        fields = request_data.json_parameters if request_data else {}
        default_write_timeout = self._media_write_timeout if files else self._write_timeout
        timeout = aiohttp.ClientTimeout(
            total=None,
            connect=_given(connect_timeout, self._connect_timeout),
            sock_read=_given(read_timeout, self._read_timeout),
        )
        failure: TelegramError
        try:
            async with self._turn(_given(pool_timeout, self._pool_timeout)), asyncio.timeout(None) as deadline:
                headers, body = await _encoded(fields, files)
                async with session.request(
                    method,
                    url,
                    headers=headers,
                    data=_Paced(body, deadline, _given(write_timeout, default_write_timeout))
                    if len(body) > _CHUNK
                    else body or None,
                    timeout=timeout,
                    allow_redirects=False,
                ) as response:
                    status, payload = response.status, await _received(response)
        except TimeoutError as error:
            failure = TimedOut(_name(error))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = NetworkError(_name(error))
        else:
            return status, payload if response.ok or _is_telegrams(payload) else b"{}"
        # not raised where it was caught: even `from None` would keep the first error, and the address in it
        raise failure

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer; unlike the library's way, one that cannot be read is not written to the log."""
        try:
            parsed = json.loads(payload.decode(errors="replace"))
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise TelegramError("Invalid server response")
        return parsed

    @asynccontextmanager
    async def _turn(self, patience: float | None) -> AsyncIterator[None]:
        """Hold one of the turns; raises TimedOut if none comes free in time."""
        if self._turns.locked():
            try:
                async with asyncio.timeout(patience):
                    await self._turns.acquire()
            except TimeoutError:
                raise TimedOut("Pool timeout: every connection is in use. The request was *not* sent.") from None
        else:
            await self._turns.acquire()
        try:
            yield
        finally:
            self._turns.release()


async def _received(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer, but not one that would fill the memory."""
    payload = await read_past(_LARGEST, response)
    if len(payload) > _LARGEST:
        raise aiohttp.ClientPayloadError
    return payload


class _Paced(aiohttp.Payload):
    """A body that is sent piece by piece, where each piece has its own time-out."""

    _autoclose = True

    def __init__(self, body: bytes, deadline: asyncio.Timeout, rate_limit: float | None) -> None:
        super().__init__(body)
        self._size = len(body)
        self._deadline = deadline
        self._rate_limit = rate_limit

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return cast("bytes", self._value).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        whole = memoryview(self._value)
        for start in range(0, len(whole), _CHUNK):
            if self._rate_limit is not None:
                self._deadline.reschedule(asyncio.get_running_loop().time() + self._rate_limit)
            await writer.write(whole[start : start + _CHUNK])
            await writer.drain()
        self._deadline.reschedule(None)  # from here on the read time-out counts


def _given(timeout: _Seconds, default: float | None) -> float | None:
    return default if timeout is BaseRequest.DEFAULT_NONE else timeout


def _name(error: Exception) -> str:
    module = type(error).__module__.partition(".")[0]
    return f"{module}.{type(error).__name__}"


def _is_telegrams(payload: bytes) -> bool:
    """Say whether an error is worded by Telegram, not by a proxy, which may quote the address."""
    try:
        return isinstance(json.loads(payload), dict)
    except ValueError:
        return False


async def _encoded(fields: Mapping[str, str], files: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
    if not files:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if fields else {}
        return headers, urlencode(fields, errors="replace").encode()
    boundary = os.urandom(16).hex()
    parts: list[bytes] = []
    for name, value in fields.items():
        parts += (_head(boundary, name=name), b"\r\n", value.encode(errors="replace"))
    for name, (filename, content, mimetype) in files.items():
        kind = f"Content-Type: {mimetype}\r\n\r\n".encode()
        parts += (_head(boundary, name=name, filename=filename), kind, await _contents(content))
    parts.append(f"\r\n--{boundary}--\r\n".encode())
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, b"".join(parts).removeprefix(b"\r\n")


def _head(boundary: str, **names: str) -> bytes:
    quoted = "".join(f'; {key}="{_IN_QUOTES.sub(_escaped, value)}"' for key, value in names.items())
    return f"\r\n--{boundary}\r\nContent-Disposition: form-data{quoted}\r\n".encode()


def _escaped(match: re.Match[str]) -> str:
    """Escape as the library does and HTML asks, and the backslash too."""
    return "\\\\" if match[0] == "\\" else f"%{ord(match[0]):02X}"


async def _contents(content: bytes | IO[bytes]) -> bytes:
    return content if isinstance(content, bytes) else await asyncio.to_thread(content.read)
