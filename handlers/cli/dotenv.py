"""`.env`, of which only lines of ours are rewritten: whatever else stands there, and every comment, stays."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

PRIVATE = 0o600

_LINE = re.compile(r"(?P<before>\s*(?:export\s+)?\w+).*?(?P<comment>\s+#[^\n]*?)?(?P<end>\s*)", re.DOTALL)
_PLAIN = re.compile(r"[\w./:=+@,-]*", re.ASCII)


def changed(text: str, values: Mapping[str, str]) -> str:
    """Return the file's text with these values; where it says them already, the same text."""
    bindings = list(parse_stream(StringIO(text, newline="")))
    last = {(binding.key or "").upper(): nth for nth, binding in enumerate(bindings)}  # the last one counts
    lines = []
    for nth, binding in enumerate(bindings):
        name, line = (binding.key or "").upper(), binding.original.string
        if name in values and nth == last[name] and binding.value != values[name]:
            line = _rewritten(line, binding.value, values[name])
        lines.append(line)
    end = "\r\n" if "\r\n" in text else "\n"
    if lines and not lines[-1].endswith("\n"):
        lines.append(end)
    lines += [f"{name}={_spelled(value)}{end}" for name, value in values.items() if name not in last]
    return "".join(lines)


def _rewritten(line: str, old: str | None, new: str) -> str:
    # what looks like a comment may be within a quoted value
    outside = line if old is None or "#" not in old else line.replace(old, "")
    found = _LINE.fullmatch(outside)
    assert found is not None  # noqa: S101  it matches whatever begins with a name
    return f"{found['before']}={_spelled(new)}{found['comment'] or ''}{found['end']}"


def _spelled(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def write(path: Path, text: str, mode: int = PRIVATE) -> Path | None:
    """Write the file, for its owner alone; return where the old one is kept, if another stood there.

    A file that holds this text already is left as it is, but for others' rights to read it.
    """
    path = path.resolve()  # a link stays one
    try:
        before = path.read_bytes()
    except FileNotFoundError:
        before = None
    if before == text.encode():
        path.chmod(mode)
        return None
    old = path.with_name(f"{path.name}.old")
    if before is not None:
        _put(old, before, mode, like=path)
    _put(path, text.encode(), mode, like=path)
    return None if before is None else old


def _put(path: Path, data: bytes, mode: int, *, like: Path) -> None:
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    with os.fdopen(descriptor, "wb") as file:
        if like.exists() and os.geteuid() == 0:
            os.fchown(descriptor, like.stat().st_uid, like.stat().st_gid)
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    Path(fresh).replace(path)
