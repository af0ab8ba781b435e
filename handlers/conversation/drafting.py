"""/draft: one question after another until there is a draft; or the two files that say the same.

Its answers are the one thing that is remembered between two messages; see bot/usecases/sketches.py. A button carries
the number of the change it was shown after: pressed later, or twice, it does nothing but show what is asked now.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from pathlib import PurePath

from bot.domain.errors import SandboxFull, WorkFailed
from bot.domain.model import Question, StepKind, Unit, Walkout, WalkoutId
from bot.draft import Draft, DraftRefused, DraftUnit, SourceFile
from bot.draft.sketch import MAY_BE_SKIPPED, QUESTIONS, Part, Sketch
from bot.draft.terms import ANY
from bot.draft.tree import as_units
from bot.draft.writing import Value, fields, terms_file, workplaces_file
from bot.guards.readiness import look_again
from bot.usecases import organizers, sketches, steps
from bot.usecases.ladder import next_rung
from bot.usecases.sketches import InHand
from handlers.conversation import draft_answers
from handlers.conversation.draft_answers import TERMS, WORKPLACES, Answered, NoAnswer
from handlers.conversation.letter_buttons import ready_buttons, terms_button
from handlers.conversation.messages import Ask, Button, File, Reply, old_button, say_buttons, whole_number
from handlers.conversation.organizers import terms_shown
from handlers.sandboxed import sandbox_client
from handlers.texts import committee as committee_texts
from handlers.texts import draft as draft_texts
from handlers.texts import drafting as texts
from handlers.texts import lists as lists_texts
from handlers.texts import organizers as organizers_texts
from handlers.texts import refusals
from handlers.texts.catalogue import languages, speaking, spoken
from handlers.texts.files import comments, example

BACK, SKIP, KEEP, TO = "back", "skip", "keep", "to "
STOP, DROP, GO_ON, CHANGE, TERMS_READ, MAKE = "stop", "drop", "on", "change", "read", "make"


# -- what comes in ------------------------------------------------------------------------------------------------


async def draft(ask: Ask) -> Reply:
    """Ask what is asked now, or begin."""
    hand = await sketches.load(ask.context)
    if (hand is None or not hand.drafts or hand.sketch.made) and (
        begun := await sketches.keep(ask.context, _anew(hand))
    ) is not None:
        return await _shown(ask, begun, texts.begin())
    return await _shown(ask, hand or InHand())


def _anew(hand: InHand | None) -> InHand:
    return replace(hand or InHand(), sketch=Sketch(language=spoken()), list=b"", drafts=True)


async def pending(ask: Ask) -> InHand | None:
    """Return what is in hand where somebody is being asked, for a draft or a word; None if they organize nothing."""
    hand = await sketches.load(ask.context)
    is_asked = hand is not None and ((hand.word and hand.word.at) or (hand.drafts and not hand.sketch.made))
    return hand if is_asked and await ask.is_organizer() else None


async def typed(ask: Ask, hand: InHand) -> Reply:
    """Take what somebody wrote for the answer to what is asked."""
    with _speaking(ask, hand):
        return await _go_on(ask, hand, lambda at: draft_answers.read(ask, hand, at, ask.words[0].strip()))


def _speaking(ask: Ask, hand: InHand) -> AbstractContextManager[None]:
    """Go on in the language in which it was begun, where a message does not say in which it is."""
    return speaking(ask.language or hand.sketch.language)


async def sent(ask: Ask, file: SourceFile) -> Reply:
    """Take a file: the terms, or the list of workplaces."""
    hand = await sketches.load(ask.context)
    if hand is None or not hand.drafts or (hand.sketch.made and ask.number != hand.sketch.last):
        hand = _anew(hand)
    take = draft_answers.take_terms if PurePath(file.name).suffix.lower() == ".toml" else draft_answers.take_list
    with _speaking(ask, hand):
        return await _go_on(ask, hand, lambda _at: take(ask, hand, file))


async def press(ask: Ask) -> Reply:
    """Carry out a button."""
    if not await ask.is_organizer():
        return old_button()
    number, what = ask.words if len(ask.words) == len(["number", "what"]) else ("", "")
    hand = await sketches.load(ask.context)
    if hand is None or not hand.drafts:
        return old_button()
    is_open = hand.sketch.at is not None or hand.sketch.made
    if whole_number(number) != hand.number or (what in {MAKE, TERMS_READ} and is_open):
        return await _shown(ask, hand)
    if (page := _PAGES.get(what)) is not None:
        return await page(ask, hand)
    return await _go_on(ask, hand, lambda at: _pressed(ask, hand, at, what))


async def _ask_to_stop(_ask: Ask, hand: InHand) -> Reply:
    buttons = (_button(hand, texts.drop(), DROP), _button(hand, texts.go_on(), GO_ON))
    return Reply(kind="drafting", text=texts.sure_to_stop(), buttons=buttons)


async def _dropped(ask: Ask, _held: InHand) -> Reply:
    await sketches.drop(ask.context)
    return Reply(kind="done", text=texts.dropped())


async def _what_to_change(_ask: Ask, hand: InHand) -> Reply:
    labelled = [(texts.label(part), f"{TO}{part}") for part in hand.sketch.parts]
    parts = [_button(hand, label, what, below=number % 2 == 0) for number, (label, what) in enumerate(labelled)]
    return Reply(
        kind="drafting", text=texts.what_to_change(), buttons=(*parts, _button(hand, texts.go_on(), GO_ON, below=True))
    )


async def press_file(ask: Ask) -> Reply:
    """Hand over a file that says what a walkout is; without one, as an example to be changed."""
    if not await ask.is_organizer():
        return old_button()
    of, name = ask.words if len(ask.words) == len(["walkout", "name"]) else ("", "")
    if of:
        terms = (await ask.app.store.walkout(WalkoutId(of))).terms
        places: Sequence[Unit | DraftUnit] = await ask.app.store.units(WalkoutId(of))
    else:
        terms, places = example(ask.app.clock())
    if name not in {TERMS, WORKPLACES}:
        return old_button()
    data = terms_file(terms, WORKPLACES, comments()) if name == TERMS else workplaces_file(places, terms.levels)
    return Reply(kind="file", text=texts.files(), file=File(name=name, data=data), below=True)


# -- from one question to the next ----------------------------------------------------------------------------------


async def _go_on(ask: Ask, hand: InHand, answer: Callable[[Part | None], Awaitable[Answered]]) -> Reply:
    """Take an answer, keep what came of it, and ask what comes next."""
    if ask.number and ask.number == hand.sketch.last:  # it came again
        return await _shown(ask, hand)
    try:
        step = await answer(hand.sketch.at)
    except NoAnswer as no:
        step = Answered(hand=replace(hand, sketch=replace(hand.sketch, offered=no.offered)), said=no.sentence)
        if no.offered == hand.sketch.offered:
            return await _shown(ask, hand, no.sentence)
    sketch = replace(step.hand.sketch, last=ask.number)
    kept = await sketches.keep(ask.context, replace(step.hand, sketch=sketch))
    if kept is None:  # another message was quicker
        return await draft(ask)
    if kept.sketch.at is None and kept.sketch.toml is not None:
        return await _made(ask, kept)
    return await _shown(ask, kept, step.said)


async def _shown(ask: Ask, hand: InHand, above: str = "") -> Reply:
    """Ask what is asked now; or show what it has become."""
    sketch, at = hand.sketch, hand.sketch.at
    if sketch.made:
        walkout = await ask.app.store.walkout(WalkoutId(sketch.made))
        return _drafted(walkout, texts.made(committee_texts.named(walkout)))
    if at is None:
        return await _review(ask, hand, above)
    if sketch.asked is not None:
        text = texts.list_question(sketch, at)
        choices = [lists_texts.choice(choice) for choice in sketch.asked.choices]
    else:
        organizers_now = len((await ask.app.store.committee()).organizers)
        text = texts.question(sketch, at, organizers_now)
        choices = [label for label, _value in await draft_answers.choices(ask, hand, at)]
    buttons = [_button(hand, label, str(number), below=True) for number, label in enumerate(choices)]
    if sketch.again is not None and at in sketch.answers:
        buttons.append(_button(hand, texts.keep(), KEEP, below=True))
    if at is Part.TITLE and not sketch.answers.get(Part.STEP):
        buttons.append(_button(hand, texts.in_a_campaign(), f"{TO}{Part.STEP}", below=True))
    if at in MAY_BE_SKIPPED and not sketch.offered:
        buttons.append(_button(hand, texts.no_more_questions() if at in QUESTIONS else texts.skip(), SKIP, below=True))
    if sketch.before() is not None:
        buttons.append(_button(hand, texts.back(), BACK, below=True))
    if sketch.is_begun:
        buttons.append(_button(hand, texts.stop(), STOP, below=sketch.before() is None))
    else:
        buttons += _file_buttons("")
    warning = texts.not_here() if ask.here is not None else ""  # whoever reads along would learn what is planned
    said = "\n\n".join(filter(None, [above, text, warning]))
    return Reply(kind="drafting", text=said, buttons=tuple(buttons), known=True)


def _file_buttons(of: str) -> Sequence[Button]:
    """Return the buttons that hand a walkout's files over, or those of an example."""
    return [
        Button(label=texts.terms_as_file(), data=f"F:{of}:{TERMS}", below=True),
        Button(label=texts.workplaces_as_file(), data=f"F:{of}:{WORKPLACES}"),
    ]


def _button(hand: InHand, label: str, what: str, *, below: bool = False) -> Button:
    return Button(label=label, data=f"D:{hand.number}:{what}", below=below)


async def _pressed(ask: Ask, hand: InHand, at: Part | None, what: str) -> Answered:
    """Carry out what changes something."""
    sketch = hand.sketch
    changed = None
    if what == BACK and (before := sketch.before()) is not None:
        changed = sketch.to(before)
    elif what.startswith(TO) and (part := what.removeprefix(TO)) in {*sketch.parts, Part.STEP}:
        changed = sketch.to(Part(part))
    elif at is not None and what == KEEP and at in sketch.answers:
        changed = sketch.answered(at, sketch.answers[at])
    elif at is not None and what == SKIP and at in MAY_BE_SKIPPED:
        changed = sketch.answered(at, "")
    elif at is not None and (index := whole_number(what)) is not None:
        return await draft_answers.choose(ask, hand, at, index)
    return Answered(hand=hand if changed is None else replace(hand, sketch=changed))


# -- the end ----------------------------------------------------------------------------------------------------------


def _values(hand: InHand) -> Mapping[str, Value]:
    sketch = hand.sketch
    answers = {part: value for part, value in sketch.answers.items() if part in sketch.parts and value}
    as_they_are = (Part.TITLE, Part.CAMPAIGN, Part.OPENS_WHERE, Part.CITY, Part.TIMEZONE)
    lines = {part: tuple(answers[part].split("\n")) for part in (Part.DEMANDS, Part.LEVELS) if part in answers}
    asked = tuple(_question(answers[part]) for part in QUESTIONS if part in answers)
    is_step = Part.STEP in answers
    return {
        **{str(part): answers[part] for part in (*as_they_are, Part.ON_THE_DAY, Part.LEGAL_NOTICE) if part in answers},
        **{str(part): value for part, value in lines.items()},
        **{
            str(part): datetime.fromisoformat(answers[part])
            for part in (Part.STARTS, Part.PLEDGE_BY)
            if part in answers
        },
        "citywide_threshold": int(answers[Part.CITYWIDE]),
        "approvals": int(answers[Part.APPROVALS]),
        **({"kind": sketch.kind} if is_step else {}),
        # or no step could follow
        **({"turnout": True} if is_step and sketch.kind is not StepKind.SURVEY else {}),
        **({"questions": asked} if asked else {}),
        **({"language": sketch.language} if sketch.language in languages() else {}),
        **({"workplaces": WORKPLACES} if hand.list else {}),
    }


def _question(answer: str) -> Question:
    choose, text, *options = answer.split("\n")
    return Question(text=text, options=tuple(options), many=choose == ANY)


def _toml(hand: InHand) -> SourceFile:
    if hand.sketch.toml is not None:
        return hand.sketch.toml
    return SourceFile(name=TERMS, data="\n".join(fields(_values(hand), {})).encode())


async def _plan(ask: Ask, hand: InHand) -> Draft:
    # without a list of its own it has the one of the step before
    roster = SourceFile(name=WORKPLACES, data=hand.list) if hand.list or hand.sketch.after is None else None
    before, options, now = await draft_answers.before_it(ask, hand), hand.sketch.options, ask.app.clock()
    return await sandbox_client.read(ask.app.sandbox, _toml(hand), roster, options, now=now, after=before)


async def _review(ask: Ask, hand: InHand, above: str) -> Reply:
    """Show what it has become, before it is made."""
    buttons = [
        _button(hand, texts.make(), MAKE, below=True),
        _button(hand, committee_texts.show_terms(), TERMS_READ, below=True),
        _button(hand, texts.change(), CHANGE, below=True),
        _button(hand, texts.stop(), STOP),
    ]
    try:
        plan = await _plan(ask, hand)
        step = await steps.compared(plan, hand.sketch.after, ask.app.store)
    except DraftRefused as refused:
        said, buttons = draft_texts.problems(refused), buttons[2:]
    except (WorkFailed, SandboxFull) as refused:
        said, buttons = refusals.refusal(refused)[1], buttons[2:]
    else:
        now = ask.app.clock()
        but = step.before.register if step else None
        found = await look_again(ask.app.store, plan.terms, plan.units, now=now, but=but)
        said = "\n\n".join([texts.review(), organizers_texts.preview(plan, found, now, step)])
    return Reply(kind="drafting", text="\n\n".join(filter(None, [above, said])), buttons=tuple(buttons), known=True)


async def _terms_read(ask: Ask, hand: InHand) -> Reply:
    try:
        plan = await _plan(ask, hand)
    except DraftRefused as refused:
        return Reply(kind="refused", text=draft_texts.problems(refused))
    step = await next_rung(hand.sketch.after, ask.app.store)
    return terms_shown(ask, plan.terms, as_units(plan.units), step)


async def _made(ask: Ask, hand: InHand) -> Reply:
    """Make the draft: the same one, if this comes twice."""
    try:
        plan = await _plan(ask, hand)
        step = await steps.compared(plan, hand.sketch.after, ask.app.store)
    except DraftRefused as refused:
        if hand.sketch.toml is not None:  # the list is read already, and stays
            await sketches.keep(ask.context, replace(hand, sketch=replace(hand.sketch, toml=None)))
        return Reply(kind="refused", text=draft_texts.problems(refused), known=True)
    after = hand.sketch.after
    seed = ask.app.keys.seed(ask.who, _toml(hand).data, hand.list, *([after.encode()] if after else []))
    walkout = await organizers.draft(plan, ask.app.store, ask.app.keys, seed=seed, after=after)
    await sketches.keep(ask.context, replace(hand, sketch=Sketch(made=walkout.id, last=ask.number), list=b""))
    now = ask.app.clock()
    found = await look_again(ask.app.store, plan.terms, plan.units, now=now, but=walkout.register)
    return _drafted(walkout, organizers_texts.drafted(walkout, plan, found, now, step))


def _drafted(walkout: Walkout, text: str) -> Reply:
    return Reply(
        kind="drafted",
        text=text,
        buttons=(
            terms_button(walkout.id),
            *ready_buttons(walkout.id),
            *say_buttons([(committee_texts.next_label(), ("help", walkout.id))]),
            *_file_buttons(walkout.id),
        ),
        known=True,
    )


_PAGES: Mapping[str, Callable[[Ask, InHand], Awaitable[Reply]]] = {
    STOP: _ask_to_stop,
    DROP: _dropped,
    GO_ON: _shown,
    CHANGE: _what_to_change,
    TERMS_READ: _terms_read,
    MAKE: _made,
}
"""What a button shows or ends; everything else is an answer."""
