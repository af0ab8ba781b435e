#!/usr/bin/env bash
# Babel takes Haitian Creole for a language that it has: `Locale.parse("ht")` succeeds, where unknown languages raise
# UnknownLocaleError, and it is among `locale_identifiers()`. But there is next to nothing in it. Dates come from the
# root of CLDR, a month as "M05", with the English "Sat" for Saturday, and lists have no word for "and". So a test
# of "is the language there" passes, and people read "2027 M05 1, Sat". Its two tables of plural forms disagree as well:
# for messages it says two forms, for numbers one.
#
# Babel 2.19.0 on PyPI, seen on 2026-11-30. Output seen:
#   French: samedi 1 mai 2027 | a, b et c
#   Haitian Creole: 2027 M05 1, Sat | a, b, c
#   forms of messages 2, of numbers 1
set -euo pipefail
folder=$(mktemp -d /tmp/finding-XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd /tmp

python3 -m pip install --quiet --no-deps --target "$folder" babel==2.19.0
PYTHONPATH=$folder python3 - << 'PYTHON'
import sys
from datetime import date

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.localedata import locale_identifiers
from babel.messages.plurals import get_plural

day = date(2027, 5, 1)
said = {}
for name, code in (("French", "fr"), ("Haitian Creole", "ht")):
    locale = Locale.parse(code)
    said[code] = f"{format_date(day, 'full', locale)} | {format_list(['a', 'b', 'c'], locale=locale)}"
    print(f"{name}: {said[code]}")
of_messages = get_plural("ht").num_plurals
of_numbers = len({Locale.parse("ht").plural_form(n) for n in range(1_000)})
print(f"forms of messages {of_messages}, of numbers {of_numbers}")
same = "ht" in locale_identifiers() and said["ht"] == "2027 M05 1, Sat | a, b, c"
sys.exit(0 if same and (of_messages, of_numbers) == (2, 1) else "it knows more of it now")
PYTHON
