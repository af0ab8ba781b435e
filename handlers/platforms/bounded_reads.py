"""Reading what somebody else sends, and not until the memory is full."""

from __future__ import annotations

import aiohttp


async def read_past(most: int, response: aiohttp.ClientResponse) -> bytes:
    """Return the body; of one that is longer than `most` bytes its beginning, which is longer than that as well."""
    data = bytearray()
    async for piece in response.content.iter_any():
        data += piece
        if len(data) > most:
            break
    return bytes(data)
