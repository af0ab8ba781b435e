"""Whether another bot uses our token, told by what stands in a place that only the bot writes and nobody reads.

At each start, and later now and then, a bot writes a fresh epoch there; whoever has an older copy of the store finds
one that it never made. Source: docs/decisions/0031-a-fence-against-copies.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

NOTHING = ""
"""What stands in a place where no bot of ours has written."""

EPOCH_BYTES = 16
_EPOCH = re.compile("[0-9a-f]{32}")


def read(text: str) -> str:
    """Return the epoch that a text is; a platform may show something else where nothing was written."""
    return text if _EPOCH.fullmatch(text) else NOTHING


@dataclass(frozen=True, kw_only=True, slots=True)
class Epochs:
    """The two epochs of one place that are this store's own."""

    seen: str = NOTHING  #: the newest that was found there
    next: str = NOTHING  #: kept before it is written; until it is found, nobody knows whether that arrived


def is_foreign(ours: Epochs, found: str) -> bool:
    """Say whether another bot has written what was found."""
    return found not in {NOTHING, ours.seen, ours.next}


def renewed(ours: Epochs, found: str, fresh: str, *, under_way: bool = False) -> Epochs:
    """Return what is kept before its `next` is written over what was found, be that ours or another's.

    With `under_way`, this process has written before, or the one from which it took over, and what has not arrived yet
    is written again: were it to come after something newer, it would be a stranger's.
    """
    again = under_way and found != ours.next
    return replace(ours, seen=found or ours.seen, next=ours.next if again else fresh)
