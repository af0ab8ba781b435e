"""Before they open a step, organizers see whether people are ready: yes or no, what to do, and no names of people."""

from __future__ import annotations

from tests.console.live import Live, live
from tests.console.play import Play, answers, roster, terms
from tests.console.test_committee import code_in

SHOPS = (("Mill", 31, 6, ""), ("Quay", 15, 5, ""))


def _steward(console: Live, place: str, name: str) -> None:
    asked = console.do(f'@olga /appoint steward "{place}" {name}')
    console.do(f"@{name} {code_in(answers(asked, 'olga')[0])}", "@olga [Yes, it is them]")


def _points(console: Live, line: str = "@olga /ready") -> list[str]:
    (said,) = answers(console.do(line), "olga")
    assert said["kind"] == "ready"
    return str(said["text"]).splitlines()[2:]


def test_what_is_missing_comes_first_and_says_what_to_do(play: Play) -> None:
    play.prepare(terms(), roster(SHOPS))
    with live(play) as console:
        assert _points(console) == [
            "✗ 4 stewards are missing, to have one for at most 15 people: Mill, Quay. /appoint",
            "✗ At 2 workplaces too few cards are drawn, or nobody has counted them: Mill, Quay. /drawn",
            "✗ 3 rooms are not bound: citywide, Mill, Quay. /room",
            "✓ Everything is written in each language.",
        ]
        for name in ("ana", "ada"):
            _steward(console, "Mill", name)
        _steward(console, "Quay", "ben")
        console.do("@olga /room citywide #all", "@olga /room Mill #mill", "@ana /drawn Mill 6", "@ben /drawn Quay 4")
        assert _points(console) == [
            "✗ 1 steward is missing, to have one for at most 15 people: Mill. /appoint",
            "✗ At 1 workplace too few cards are drawn, or nobody has counted them: Quay. /drawn",
            "✗ 1 room is not bound: Quay. /room",
            "✓ Everything is written in each language.",
        ]
        _steward(console, "Mill", "abe")
        console.do("@olga /room Quay #quay", "@ben /drawn Quay 5")
        (said,) = answers(console.do("@olga /ready"), "olga")
        assert said["text"].splitlines()[0].endswith("nothing is missing.")
        assert not any(name in said["text"] for name in ("ana", "ada", "abe", "ben"))


def test_each_department_has_a_steward_of_its_own_who_counts_for_its_workplace(play: Play) -> None:
    tree = "workplace,department,headcount,threshold\nMill,,30,6\nMill,Day,15,\nMill,Night,15,\n"
    play.prepare(terms(), tree)
    with live(play) as console:
        assert "✗ 2 departments have no steward of their own: Day, Mill, Night, Mill. /appoint" in _points(console)
        _steward(console, "Day", "ana")
        found = _points(console)
        assert "✗ 1 department has no steward of its own: Night, Mill. /appoint" in found
        assert "✗ 1 steward is missing, to have one for at most 15 people: Mill. /appoint" in found
        _steward(console, "Night", "ben")
        found = _points(console)
        assert "✓ Each department has a steward of its own." in found
        assert "✓ At each workplace, a steward for at most 15 people." in found


def test_of_many_workplaces_it_names_three(play: Play) -> None:
    play.prepare(terms(), roster([(f"Shop {n}", 10, 5, "") for n in range(10, 22)]))
    with live(play) as console:
        assert _points(console)[0] == (
            "✗ 12 stewards are missing, to have one for at most 15 people: Shop 10, Shop 11, Shop 12 and 9 more. "
            "/appoint"
        )


def test_the_page_that_asks_to_open_has_a_button_for_it(play: Play) -> None:
    play.prepare(terms(), roster(SHOPS))
    with live(play) as console:
        (page,) = console.read("@olga /open")
        assert "Are we ready?" in page["buttons"]
        assert "✗ 3 rooms are not bound" in answers(console.do("@olga [Are we ready?]"), "olga")[0]["text"]


def test_a_language_that_lacks_words_is_missing_and_workers_ask_nothing(play: Play) -> None:
    play.prepare(terms() + '\n[es]\ntitle = "Un día"\n', roster(SHOPS))
    with live(play) as console:
        assert any(line.startswith("✗ In 1 language something is not written") for line in _points(console))
        assert [each["kind"] for each in answers(console.do("@wanda /ready"), "wanda")] == ["forbidden"]
