"""Telegram: its updates in, our answers out."""

import os

# the library then gives waits as timedeltas, as it will in its next version, and does not warn about the old way
os.environ.setdefault("PTB_TIMEDELTA", "1")
