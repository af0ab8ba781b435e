"""On the day stewards count by hand who takes part, where the walkout says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.console.live import Live, live
from tests.console.play import STARTS, Play, answers, anyway, kinds, letters, pledging, roster, terms
from tests.console.test_committee import code_in

DAY = timedelta(days=1)
SHOPS = (("Mill", 12, 5, ""), ("Quay", 12, 5, ""))


def _steward(console: Live, place: str, name: str) -> None:
    asked = console.do(f'@olga /appoint steward "{place}" {name}')
    console.do(f"@{name} {code_in(answers(asked, 'olga')[0])}", "@olga [Yes, it is them]")


@pytest.fixture
def counted(play: Play, request: pytest.FixtureRequest) -> Iterator[Live]:
    """The Mill walks out, the Quay does not; each has a steward."""
    made = play.prepare(terms(turnout=True, citywide_threshold=5), roster(SHOPS))
    with live(play) as console:
        if getattr(request, "param", "stewards") == "stewards":
            console.let_stewards_count(made.id)
        console.do(*anyway("@olga /open"), *pledging("m", made.cards["Mill"][:5]))
        _steward(console, "Mill", "ana")
        _steward(console, "Quay", "ben")
        console.do("!tally")
        yield console


AT_THE_START = f"!clock {STARTS.isoformat()}"


def test_a_steward_is_asked_to_count_when_it_starts_and_can_change_it_until_a_day_after(counted: Live) -> None:
    said = counted.do(AT_THE_START)
    assert "send me the number, like /tookpart 38" in letters(said, "ana")[-1]["text"]
    assert "/tookpart" not in letters(said, "ben")[-1]["text"]  # it does not walk out
    (first,) = answers(counted.do("@ana /tookpart 9"), "ana")
    assert first["kind"] == "done"
    assert "Mill: 9 people take part" in first["text"]
    assert counted.took_part() == {"Mill": 9, "Quay": None}
    said = counted.do('@ana /tookpart "Mill" 7')
    assert counted.took_part()["Mill"] == 7
    assert letters(said, "olga") == []  # organizers hear nothing of each count
    (audit,) = answers(counted.do("@olga /audit"), "olga")
    assert "counted who takes part: Mill: 7" in audit["text"]
    late = counted.do(f"!clock {(STARTS + DAY).isoformat()}", "@ana /tookpart 8")
    assert kinds(answers(late, "ana")) == ["not_counted"]
    assert counted.took_part()["Mill"] == 7


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("@ana /tookpart 13", "more_than_people"),
        ("@ana /tookpart", "help"),
        ("@ana /tookpart many", "help"),
        ("@ana /tookpart Quay 3", "forbidden"),
        ("@ben /tookpart 3", "not_asked"),  # it does not walk out
        ("@m0 /tookpart 3", "forbidden"),
    ],
)
def test_what_is_not_counted(counted: Live, line: str, kind: str) -> None:
    counted.do(AT_THE_START)
    who = line[1:].partition(" ")[0]
    assert kinds(answers(counted.do(line), who)) == [kind]
    assert counted.took_part() == {"Mill": None, "Quay": None}


def test_before_the_day_nothing_is_counted(counted: Live) -> None:
    assert kinds(answers(counted.do("@ana /tookpart 3"), "ana")) == ["not_counted"]


@pytest.mark.parametrize("counted", ["cards"], indirect=True)
def test_where_cards_count_no_steward_does(counted: Live) -> None:
    said = counted.do(AT_THE_START, "@ana /tookpart 3")
    assert kinds(answers(said, "ana")) == ["not_counted"]
    assert "/tookpart" not in letters(said, "ana")[-1]["text"]
