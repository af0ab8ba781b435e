"""The pattern on the outside of a card, as on the inside of a bank's envelope: held to the light, it hides the code."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw

CELL = 1.2
"""Millimetres between two lines: about as wide as the QR code's squares and the letters' strokes."""

_PIXELS = 24  # to a cell
_STROKE = 0.32  # of a cell
_FINER = 4  # tiles are drawn so much larger, then smoothed
_INK = 60


def chaff(width: float, height: float) -> Image.Image:
    """Return a maze of arcs for so many millimetres; always the same one, so that it tells no two cards apart."""
    across, down = round(width / CELL), round(height / CELL)
    tiles = (_tile(), _tile().transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    turns = random.Random(20)  # noqa: S311  a pattern, not a secret
    picture = Image.new("L", (across * _PIXELS, down * _PIXELS), 255)
    for column in range(across):
        for row in range(down):
            picture.paste(turns.choice(tiles), (column * _PIXELS, row * _PIXELS))
    return picture


def _tile() -> Image.Image:
    """Return two quarter circles around opposite corners: however tiles are turned, their lines meet."""
    side = _PIXELS * _FINER
    tile = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(tile)
    inner, outer = side * (1 - _STROKE) / 2, side * (1 + _STROKE) / 2
    for corner in (0, side):
        for radius, ink in ((outer, _INK), (inner, 255)):
            pen.ellipse((corner - radius, corner - radius, corner + radius, corner + radius), fill=ink)
    return tile.resize((_PIXELS, _PIXELS), Image.Resampling.LANCZOS)
