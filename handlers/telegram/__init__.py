"""Telegram: its updates in, our answers out."""

import os
import sys

# the library then gives waits as timedeltas, as it will in its next version, and does not warn about the old way
os.environ.setdefault("PTB_TIMEDELTA", "1")

# the library imports httpx, and httpx a command line of its own where it can: a tenth of a second for what nobody runs
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: it cannot be imported
