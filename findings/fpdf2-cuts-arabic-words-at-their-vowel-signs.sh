#!/usr/bin/env bash
# fpdf2 with text shaping on draws an Arabic word with vowel signs in unjoined letters: it cuts a text where Unicode's
# script changes, and the signs' own script is "Inherited", so that each letter is shaped for itself. The signs are of no
# width, so the word should be as wide as without them. Nothing is said of it, and text copied from the PDF is right.
# A short vowel tells words apart, and so people add one to a name; the same happens at the joiners in Bengali.
#
# fpdf2 2.8.9 with uharfbuzz 0.57.0, and DejaVu Sans from matplotlib 3.10.8, all on PyPI; seen on 2026-11-30. Output seen
# (widths in thousandths of the letters' size):
#   pledge      by HarfBuzz 1747 1747  by fpdf2 1746 2507
#   strong      by HarfBuzz 1810 1810  by fpdf2 1809 2302
set -euo pipefail
folder=$(mktemp -d /tmp/finding-XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd /tmp

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet fpdf2==2.8.9 uharfbuzz==0.57.0
"$folder/venv/bin/pip" install --quiet --no-deps matplotlib==3.10.8
"$folder/venv/bin/python" - << 'PYTHON'
import importlib.util
import math
import sys
from pathlib import Path

import uharfbuzz
from fpdf import FPDF

folder = Path(importlib.util.find_spec("matplotlib").origin).parent
path = str(folder / "mpl-data/fonts/ttf/DejaVuSans.ttf")
font = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(path)))
pdf = FPDF(unit="pt")
pdf.add_font("letters", "", path)
pdf.add_page()
pdf.set_font("letters", size=1000)
pdf.set_text_shaping(True)


def by_harfbuzz(word: str) -> int:
    buffer = uharfbuzz.Buffer()
    buffer.add_str(word)
    buffer.guess_segment_properties()
    uharfbuzz.shape(font, buffer)
    return math.ceil(sum(place.x_advance for place in buffer.glyph_positions) * 1000 / font.face.upem)


def by_fpdf2(word: str) -> int:
    return math.ceil(pdf.get_string_width(word))


fine = True
for meaning, bare, with_signs in (
    ("pledge", "\u062a\u0639\u0647\u062f", "\u062a\u064e\u0639\u064e\u0647\u0651\u064f\u062f"),
    ("strong", "\u0642\u0648\u064a\u0629", "\u0642\u0648\u064a\u0651\u0629"),
):
    whole = [by_harfbuzz(word) for word in (bare, with_signs)]
    drawn = [by_fpdf2(word) for word in (bare, with_signs)]
    print(f"{meaning:10}  by HarfBuzz {whole[0]} {whole[1]}  by fpdf2 {drawn[0]} {drawn[1]}")
    fine &= whole[0] == whole[1] and drawn[1] > 1.2 * drawn[0]
sys.exit(0 if fine else "the letters are joined now")
PYTHON
