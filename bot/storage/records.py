"""How the nouns are written down, the same in every database: instants as microseconds, terms as JSON."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.model import CountedBy, Counts, Entry, Question, StepKind, Terms, Words

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def instant(when: datetime) -> int:
    """Microseconds since 1970."""
    return (when - _EPOCH) // _MICROSECOND


def maybe_instant(when: datetime | None) -> int | None:
    """Likewise, where there may be none."""
    return None if when is None else instant(when)


def moment(microseconds: int) -> datetime:
    """Undo `instant`; the answer is in UTC."""
    return _EPOCH + microseconds * _MICROSECOND


def maybe_moment(microseconds: int | None) -> datetime | None:
    """Undo `maybe_instant`."""
    return None if microseconds is None else moment(microseconds)


def write_terms(terms: Terms) -> str:
    """Write terms as JSON; times keep their offset: what clocks showed by the zone data of that day."""
    fields = {each.name: getattr(terms, each.name) for each in dataclasses.fields(terms)}
    for name in ("starts", "pledge_by"):
        fields[name] = fields[name].isoformat()
    fields["ends"] = None if terms.ends is None else terms.ends.isoformat()
    fields["translations"] = {language: said.written() for language, said in terms.translations.items()}
    fields["tally_every"] = terms.tally_every.total_seconds()
    fields["reminders"] = [before.total_seconds() for before in terms.reminders]
    return json.dumps(fields, ensure_ascii=False, default=_write_question)


def _write_question(question: Question) -> dict[str, Any]:
    return dataclasses.asdict(question)


def read_terms(text: str) -> Terms:
    """Undo `write_terms`."""
    fields: dict[str, Any] = json.loads(text)
    fields["starts"] = datetime.fromisoformat(fields["starts"])
    fields["pledge_by"] = datetime.fromisoformat(fields["pledge_by"])
    fields["tally_every"] = timedelta(seconds=fields["tally_every"])
    fields["reminders"] = tuple(timedelta(seconds=before) for before in fields["reminders"])
    fields["ends"] = None if fields.get("ends") is None else datetime.fromisoformat(fields["ends"])
    translations = fields.get("translations", {})
    for said in (fields, *translations.values()):
        said |= {name: tuple(said.get(name, ())) for name in ("demands", "levels")}
        said["questions"] = tuple(map(_read_question, said.get("questions", ())))
    fields["translations"] = {language: Words(**said) for language, said in translations.items()}
    fields["citywide_counts"] = Counts(fields["citywide_counts"])
    fields["entry"] = Entry(fields["entry"])
    fields["kind"] = StepKind(fields.get("kind", StepKind.WALKOUT))
    fields["counted_by"] = CountedBy(fields.get("counted_by", CountedBy.CARDS))
    return Terms(**fields)


def _read_question(written: dict[str, Any]) -> Question:
    return Question(text=written["text"], options=tuple(written["options"]), many=written["many"])
