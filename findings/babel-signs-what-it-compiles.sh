#!/usr/bin/env bash
# The same .po file, compiled by two versions of Babel that both understand it, gives two .mo files: Babel writes its own
# version into the header of whatever it compiles, over the one that stands in the .po file. A check that a compiled
# catalogue "is what the source compiles to" therefore fails on the day a new Babel comes out, with nothing changed.
#
# Babel 2.18.0 and 2.19.0 from PyPI, seen on 2026-11-29 with Python 3.11.7. Output seen:
#   2.18.0: Generated-By: Babel 2.18.0
#   2.19.0: Generated-By: Babel 2.19.0
#   the two files differ
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '%s\n' 'msgid ""' 'msgstr ""' '"Content-Type: text/plain; charset=utf-8\n"' '"Generated-By: by hand\n"' \
    '"POT-Creation-Date: 2026-01-01 00:00+0000\n"' '"PO-Revision-Date: 2026-01-01 00:00+0000\n"' '' \
    'msgid "bread"' 'msgstr "pan"' > "$folder/one.po"
for version in 2.18.0 2.19.0; do
    python3 -m pip install --quiet --no-deps --target "$folder/$version" "babel==$version"
    PYTHONPATH="$folder/$version" python3 - "$folder/one.po" "$folder/$version.mo" <<'PYTHON'
import sys
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb") as compiled:
    write_mo(compiled, read_po(source, locale="es"))
PYTHON
    echo "$version: $(grep -a -o 'Generated-By: Babel [0-9.]*' "$folder/$version.mo")"
done
if cmp -s "$folder/2.18.0.mo" "$folder/2.19.0.mo"; then
    echo "the two files are the same now" >&2
    exit 1
fi
echo "the two files differ"
