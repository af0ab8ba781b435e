"""The fonts of this machine, for letters that ours do not have. Whoever installs more of them has more letters."""

from __future__ import annotations

import os
from collections.abc import Container
from functools import cache, lru_cache
from pathlib import Path

import uharfbuzz as hb

_KINDS = {".ttf", ".otf", ".ttc", ".otc"}
_NOT_FOR_TEXT = ("LastResort", "NotoColorEmoji", "Adobe-Blank", "AdobeBlank")
_OTHER_CUTS = ("Bold", "Black", "Light", "Thin", "Medium", "Italic", "Oblique", "Condensed", "Mono")


@lru_cache(maxsize=1)
def folders() -> tuple[str, ...]:
    """List the folders in which systems keep fonts, those that are there: asked before files are given up."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111  as it is where a user is in no list, and so is no folder
    usual = (
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        home / ".local/share/fonts",
        home / ".fonts",
        Path("/Library/Fonts"),
        Path("/System/Library/Fonts"),
        home / "Library/Fonts",
        Path("C:/Windows/Fonts"),
    )
    return tuple(str(folder) for folder in usual if folder.is_dir())


@lru_cache(maxsize=1)
def fonts() -> tuple[tuple[Path, int], ...]:
    """List files of fonts with the number of each font in its file: Noto's upright ones first."""
    found = [
        path
        for folder in folders()
        for path in Path(folder).rglob("*")
        if path.suffix.lower() in _KINDS and not path.stem.startswith(_NOT_FOR_TEXT)
    ]
    found.sort(key=lambda path: (any(cut in path.stem for cut in _OTHER_CUTS), "Noto" not in path.stem, path.name))
    return tuple((path, 0) for path in found)


@cache
def letters(file: Path, number: int) -> Container[int]:
    """Return the numbers of a font's letters; none if it holds no outlines, as those of coloured pictures."""
    try:
        face = hb.Face(hb.Blob.from_file_path(str(file)), number)
    except OSError:
        return frozenset()
    tags = set(face.table_tags)
    outlines = bool(tags & {"glyf", "CFF ", "CFF2"}) and "COLR" not in tags
    return face.unicodes if outlines else frozenset()
