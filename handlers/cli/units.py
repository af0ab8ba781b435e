"""The systemd unit that `allout setup` writes: examples/systemd/allout.service, filled in for this folder."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

PACKED = Path(__file__).parents[1] / "systemd"
"""Where the example lies once the program is installed."""

IN_THE_REPOSITORY = Path(__file__).parents[2] / "examples" / "systemd"

HEAD = """\
# Written by `allout setup` for the folder {folder}. Settings stand in its .env; what each is, in .env.example.
# Given again, `allout setup` writes this file anew.
"""
SEALED = """\
# The key file may be sealed: .env then names the file with its passphrase, of mode 0600. So that only this machine can
# decrypt it:  systemd-creds encrypt --name=key-passphrase THE-FILE /etc/allout/key-passphrase.cred
# and, in place of that file:
# LoadCredentialEncrypted=key-passphrase:/etc/allout/key-passphrase.cred
# Environment=ALLOUT_KEY_PASSPHRASE_FILE=%d/key-passphrase
"""
WRITABLE = """\
# The one folder that may be written. Where backups go, another line like this.
ReadWritePaths={data}
"""

_ELSEWHERE = {"StateDirectory", "StateDirectoryMode", "EnvironmentFile", "Environment", "LoadCredentialEncrypted"}
_FOR_ROOT = {  # what a user's own systemd cannot do
    *("User", "Wants", "After", "CapabilityBoundingSet", "AmbientCapabilities", "ProtectSystem", "ProtectHome"),
    *("PrivateTmp", "PrivateDevices", "PrivateUsers", "ProtectProc", "ProcSubset", "ProtectClock", "RemoveIPC"),
    *("ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables"),
}
_HOMES = ("/home", "/root", "/run/user")


def unit(*, folder: Path, data: Path, program: Path, user: str | None) -> str:
    """Return the unit; without a user, one for a user's own systemd."""
    example = (PACKED if PACKED.exists() else IN_THE_REPOSITORY) / "allout.service"
    at_home = any(path.is_relative_to(home) for path in (folder, data, program) for home in _HOMES)
    here = {
        "User": user or "",
        "WorkingDirectory": _escaped(folder),
        "ExecStart": f'"{_escaped(program)}" run',
        "ProtectHome": "read-only" if at_home else "yes",
        "WantedBy": "multi-user.target" if user else "default.target",
    }
    text = example.read_text(encoding="utf-8")
    body = text[text.index("[Unit]") :]
    filled = [_filled(block, here, _ELSEWHERE if user else _ELSEWHERE | _FOR_ROOT) for block in body.split("\n\n")]
    own = SEALED + (WRITABLE.format(data=f'"{_escaped(data)}"') if user else "")
    filled.insert(-1, own.rstrip())  # the last section says when it is started
    return HEAD.format(folder=folder) + "\n" + "\n\n".join(filter(None, filled)).rstrip() + "\n"


def _filled(block: str, here: dict[str, str], left_out: Collection[str]) -> str:
    """Fill in what belongs here; a block of which nothing is left goes with its comments."""
    lines = block.splitlines()
    kept = [line for line in lines if line.partition("=")[0] not in left_out]
    if all(line.startswith("#") for line in kept):
        return ""
    names = [line.partition("=")[0] for line in kept]
    return "\n".join(f"{name}={here[name]}" if name in here else line for name, line in zip(names, kept, strict=True))


def _escaped(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
