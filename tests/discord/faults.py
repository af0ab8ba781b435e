"""What goes wrong with a call, what Discord says no to, and how many calls it takes."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.discord.world import Json

VIA = {"Via": "1.1 google"}
"""Every true answer of Discord's came this way; a 429 without it is taken for Cloudflare's."""


class Refused(Exception):  # noqa: N818  Discord's no, not a failure
    """An answer that says no."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        self.status = status
        self.body: Json = {"message": message, "code": code} | ({} if errors is None else {"errors": errors})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong with one call. The functions below make the usual ones."""

    answer: tuple[int, bytes] | None = None  #: given in place of the true answer
    headers: Mapping[str, str] = field(default_factory=dict)  #: of that answer
    applied: bool = False  #: whether the call takes effect nonetheless
    dropped: bool = False  #: the connection is cut instead of answering
    delay: float = 0  #: seconds before anything else
    until: asyncio.Event | None = None  #: waited for before anything else


def refused(status: int, code: int = 0, message: str = "", *, applied: bool = False) -> Fault:
    """Answer no, with one of Discord's codes."""
    body = Refused(status, code, message or _SPOKEN.get(code, f"{status}: no")).body
    return Fault(answer=(status, json.dumps(body).encode()), applied=applied)


def limited(retry_after: float, *, everywhere: bool = False, by_cloudflare: bool = False) -> Fault:
    """Answer 429: too many; for this route, or for all of them; or in Cloudflare's own words."""
    if by_cloudflare:
        headers = {"Retry-After": str(math.ceil(retry_after)), "Content-Type": "text/html"}
        return Fault(answer=(429, b"<html>error code: 1015</html>"), headers=headers)
    body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": everywhere, "code": 0}
    headers = {"Retry-After": str(math.ceil(retry_after)), "X-RateLimit-Scope": "global" if everywhere else "user"}
    headers |= {"X-RateLimit-Global": "true"} if everywhere else {}
    return Fault(answer=(429, json.dumps(body).encode()), headers=VIA | headers)


def broken(status: int = 500, body: bytes | None = None, *, applied: bool = False) -> Fault:
    """Answer that the server is broken; with a body of any kind, as proxies give it, it is no JSON."""
    if body is not None:
        return Fault(answer=(status, body), headers={"Content-Type": "text/html"}, applied=applied)
    return refused(status, 0, f"{status}: Internal Server Error", applied=applied)


def unauthorized() -> Fault:
    """Answer 401: the token is no longer valid."""
    return refused(401, 0, "401: Unauthorized")


def forbidden(code: int = 50013) -> Fault:
    """Answer 403; by default the bot lacks a permission."""
    return refused(403, code)


def not_found(code: int = 10003) -> Fault:
    """Answer 404; by default there is no such channel."""
    return refused(404, code)


def dropped() -> Fault:
    """Cut the connection; nothing has happened."""
    return Fault(dropped=True)


def lost() -> Fault:
    """Do as asked, then cut the connection without an answer."""
    return Fault(dropped=True, applied=True)


def late(seconds: float) -> Fault:
    """Do as asked, after a while."""
    return Fault(delay=seconds, applied=True)


def held(until: asyncio.Event) -> Fault:
    """Do as asked, once the event is set."""
    return Fault(until=until, applied=True)


_SPOKEN = {
    10002: "Unknown Application",
    10003: "Unknown Channel",
    10004: "Unknown Guild",
    10008: "Unknown Message",
    10013: "Unknown User",
    10015: "Unknown Webhook",
    10062: "Unknown interaction",
    10063: "Unknown application command",
    40060: "Interaction has already been acknowledged.",
    50001: "Missing Access",
    50006: "Cannot send an empty message",
    50007: "Cannot send messages to this user",
    50013: "Missing Permissions",
    50027: "Invalid Webhook Token",
}


def no(status: int, code: int) -> Refused:
    """Make a refusal in Discord's usual words."""
    return Refused(status, code, _SPOKEN[code])


def invalid(where: str, code: str, message: str) -> Refused:
    """Make the refusal of a form; `where` is the way to the field, with dots."""
    errors: Json = {"_errors": [{"code": code, "message": message}]}
    for name in reversed(where.split(".")):
        errors = {name: errors}
    return Refused(400, 50035, "Invalid Form Body", errors)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Discord's limits on calls; `slack` seconds are forgiven for what the wire adds."""

    overall_a_second: int = 50
    channel: int = 5  #: messages to a channel in so many seconds
    channel_s: float = 5
    slack: float = 0.05


@dataclass(kw_only=True)
class _Window:
    """So many calls in so many seconds, from the first of them on."""

    most: int
    seconds: float
    until: float = 0
    count: int = 0

    def take(self, at: float) -> bool:
        """Count a call, if it is not one too many."""
        if at >= self.until:
            self.until, self.count = at + self.seconds, 0
        if self.count >= self.most:
            return False
        self.count += 1
        return True


class Meter:
    """Counts calls against the limits."""

    def __init__(self, limits: Limits) -> None:
        self.floods: list[str] = []  #: calls beyond the limits: of which route, or `overall`
        self._limits = limits
        self._overall = _Window(most=limits.overall_a_second, seconds=1 - limits.slack)
        self._routes: dict[str, _Window] = {}

    def count(self, verb: str, path: str, at: float) -> tuple[dict[str, str], Fault | None]:
        """Count a call; give what its answer's headers say, and the refusal if it is one too many."""
        if path.startswith(("/interactions/", "/webhooks/")):
            return {}, None  # not counted with the rest, and every token is its own route
        if not self._overall.take(at):
            self.floods.append("overall")
            return {}, limited(round(self._overall.until - at, 3), everywhere=True)
        if not re.fullmatch(r"/channels/\d+/messages", path) or verb != "POST":
            return {}, None
        route, limits = f"{verb} {path}", self._limits
        usual = _Window(most=limits.channel, seconds=limits.channel_s - limits.slack)
        window = self._routes.setdefault(route, usual)
        taken = window.take(at)
        left = window.until + limits.slack - at
        headers = {
            "X-RateLimit-Limit": str(limits.channel),
            "X-RateLimit-Remaining": str(limits.channel - window.count),
            "X-RateLimit-Reset": f"{at + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": "80c17d2f203122d936070c88c8d10f33",
        }
        if taken:
            return headers, None
        self.floods.append(route)
        return headers, limited(round(left, 3))
