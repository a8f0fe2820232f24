"""Policies from files: a mistake is told with file, line, place and what is allowed; what `extends` makes of two."""

from pathlib import Path

import pytest

from schemas.readings import PresetName
from streams.escalation.loading import PRESETS, PolicyError, merged, parse_policy, preset, read_policy
from streams.escalation.written import fields_of, toml_of

HEAD = 'name = "shop"\nversion = 1\n'
EXTENDS = 'extends = "support"\n'
RULE = """
[[rules]]
name = "sad"
when.all = [{ fact = "score", below = 2.0 }]
then.reason = "It scored {score}."
"""


def mistakes_of(text: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(PolicyError) as raised:
        parse_policy(text, "shop.toml")
    assert all(mistake.file == "shop.toml" for mistake in raised.value.mistakes)
    return [(mistake.line, mistake.place, mistake.message) for mistake in raised.value.mistakes]


def rule_with(condition: str) -> str:
    return f"""{HEAD}
[[rules]]
name = "sad"
when.all = [
    {{ fact = "status", is = "new" }},
    {condition},
]
then.reason = "So it is."
"""


# The line of the second condition above.
LINE = 8


@pytest.mark.parametrize(
    ("condition", "place", "said"),
    [
        ('{ fact = "scor", below = 2.0 }', ".fact", "there is no fact 'scor'; there are: type, channel, "),
        ('{ fact = "score" }', "", "score: no comparison; a number is compared by is | below | at_most | above | at_"),
        ('{ fact = "score", in = ["low"] }', "", "score is a number: compare it by is | below | at_most | above | at_"),
        ('{ fact = "score", is = "low" }', "", "score is a number, which 'low' is not"),
        ('{ fact = "score", is = true }', "", "score is a number, which True is not"),
        ('{ fact = "score", below = "2h" }', ".below", "Input should be a valid number"),
        ('{ fact = "status", above = 2 }', "", "status is a text: compare it by is | in | not_in, not above"),
        ('{ fact = "status", is = 2 }', "", "status is a text, which 2.0 is not"),
        ('{ fact = "status", is = "done" }', "", "status is never 'done'; it is one of new | open | in_progress | "),
        ('{ fact = "urgency", in = ["high", "hi"] }', "", "urgency is never 'hi'; it is one of critical | high | "),
        ('{ fact = "channel", not_in = ["fax"] }', "", "channel is never 'fax'; it is one of email | chat | phone | "),
        ('{ fact = "first_message", is = 1 }', "", "first_message is a flag, which 1.0 is not"),
        ('{ fact = "first_message", above = 1 }', "", "first_message is a flag: compare it by is, not above"),
        ('{ fact = "waiting", is = "24h" }', "", "waiting is a span: compare it by below | at_most | above | at_lea"),
        ('{ fact = "waiting", at_least = 24 }', "", "24 is no span; wanted: a span of time such as "),
        ('{ fact = "waiting", at_least = "1 day" }', "", "'1 day' is no span; wanted: a span of time such as "),
        ('{ fact = "score", under = 2.0 }', ".under", "there is no such setting"),
        ("{ below = 2.0 }", ".fact", "required"),
        ('{ signal = "wants_humans" }', "", "there is no signal 'wants_humans'; there are: contains_code, "),
        ('{ signal = "leaving", times = 0 }', ".times", "Input should be greater than or equal to 1"),
        ('{ signal = "leaving", times = 11, within = "1h" }', "", "times: at most 10 together with within, because "),
        ('{ signal = "leaving", within = "soon" }', ".within", "'soon' is no span; wanted: "),
        ('{ any = [{ fact = "scor", is = 2 }] }', ".any[1].fact", "there is no fact 'scor'; there are: "),
        ('{ any = [], none = [{ signal = "x" }] }', ".none[1]", "there is no signal 'x'; there are: "),
        ("{ all = [] }", "", "no condition: give at least one of all, any, none"),
        ('"score < 2"', "", 'wanted: a table, as in { fact = "score", below = 2.0 }'),
    ],
)
def test_a_wrong_condition_names_line_place_and_what_is_allowed(condition: str, place: str, said: str) -> None:
    ((line, where, message),) = mistakes_of(rule_with(condition))
    assert (line, where) == (LINE, f"rules.sad.when.all[2]{place}")
    assert message.startswith(said)


@pytest.mark.parametrize("above", [HEAD, HEAD + EXTENDS], ids=["alone", "extends"])
@pytest.mark.parametrize(
    ("marked", "place", "said"),
    [
        ('[memory]\nquiet = "a week" #', "memory.quiet", "'a week' is no span; wanted: a span of time such as "),
        ("[memory]\nhistory = 5 #", "memory.history", "Input should be greater than or equal to 10"),
        ("[memory]\nlength = 50 #", "memory.length", "there is no such setting"),
        ("bands = [2.0, 4.0, 4.0, 8.0] #", "bands", "4 scores that rise between 0 and 10, not [2.0, 4.0, 4.0, 8.0]"),
        ("bands = [2.0, 4.0] #", "bands[3]", "required"),
        ('reads = "vader" #', "reads", "Input should be 'support', 'helpdesk', 'incident', 'whatsapp', 'assistant' or"),
        ("colour = 3 #", "colour", "there is no such setting"),
        ('[replies]\nangry = "Sorry, {nmae}!" #', "replies.angry", "{nmae} cannot be filled in; there are: age, "),
        ('[replies]\nother = "{score:.1f}" #', "replies.other", "{score} cannot be filled in; there are: age, "),
        ('note = "{reason" #', "note", "expected '}' before end of string; a brace that is none is written twice"),
        ('[acknowledge]\nwhen = "always" #', "acknowledge.when", "Input should be 'created', 'escalated' or 'never'"),
        ('[acknowledge]\nwhen = "created"\nangry = "{nmae}" #', "acknowledge.angry", "{nmae} cannot be filled in; "),
        ('[remind]\nafter = "soon" #', "remind.after", "'soon' is no span; wanted: a span of time such as "),
        ("[remind]\nafter = 24 #", "remind.after", "24 is no span; wanted: a span of time such as "),
        ('[remind]\nafter = "0s" #', "remind.after", "Input should be greater than 0"),
        (
            '[remind]\nafter = "7d" #',
            "remind.after",
            "a conversation without events is forgotten after 7d (memory.quie",
        ),
        ('[remind]\nafter = "1h"\nonly = "some" #', "remind.only", "Input should be 'all', 'escalated' or 'none'"),
        ('[late]\nwarn_before = "soon" #', "late.warn_before", "'soon' is no span; wanted: a span of time such as "),
        ("[late]\nwarn_before = 0.6 #", "late.warn_before", "0.6 is no span; wanted: a span of time such as "),
        ("[late]\nwarn_before = 30 #", "late.warn_before", "30 is no span; wanted: a span of time such as "),
        ('[late]\nrespond_within.high = "0s" #', "late.respond_within.high", "Input should be greater than 0"),
        ('[late]\nrespond_within.critical = "1h" #', "late.respond_within.critical", "there is no such setting"),
        ('[late]\nnotify = ["The Boss"] #', "late.notify[1]", "String should match pattern "),
        ("[signals.lost]\nphrases = [] #", "signals.lost", "no way to give this signal: phrases or when"),
        ('[signals.lost]\nphrases = [""] #', "signals.lost.phrases[1]", "String should have at least 1 character"),
        ('[signals.signal]\nphrases = [""] #', "signals.signal.phrases[1]", "String should have at least 1 character"),
        (
            '[signals.lost]\nwhen.all = [{ fact = "scor", is = 1 }] #',
            "signals.lost.when.all[1].fact",
            "there is no fact 'scor'; there are: type, ",
        ),
        (
            '[[risk]]\npoints = 2 #\nwhen.all = [{ signal = "leaving" }]',
            "risk[1].points",
            "Input should be less than or equal to 1",
        ),
        (
            '[[risk]]\npoints = 0.5\nwhen.all = [{ signal = "x" }] #',
            "risk[1].when.all[1]",
            "there is no signal 'x'; there are: contains_code, ",
        ),
        (
            RULE + 'then.priority = "highest" #',
            "rules.sad.then.priority",
            "Input should be 'low', 'medium', 'high' or 'urgent'",
        ),
        (RULE + 'then.note = "{naem}" #', "rules.sad.then.note", "{naem} cannot be filled in; there are: age, "),
        # The reason is made before the reply, and does not name itself.
        (RULE + 'then.reply = "{reason}" #', "rules.sad.then.reply", "{reason} cannot be filled in; there are: age, "),
        (RULE + 'limits.once = "day" #', "rules.sad.limits.once", "Input should be 'episode', 'session' or 'ticket'"),
        (RULE + 'then.notify = ["The Boss"] #', "rules.sad.then.notify[1]", "String should match pattern "),
        (RULE.replace('"sad"', '"Sad!" #'), "rules.Sad!.name", "String should match pattern "),
        (RULE.replace('"sad"', '"requested" #'), "rules.requested.name", "'requested' is the name of an escalation "),
        (RULE + RULE.replace('"sad"', '"sad" #'), "rules.sad.name", "another rule is named 'sad' too"),
        (RULE + "then.reasons = 3 #", "rules.sad.then.reasons", "there is no such setting"),
        ("[[rules]] #\nname = 3\nwhen = 1", "rules[13].name", "Input should be a valid string"),
    ],
)
def test_a_wrong_setting_is_told_with_its_line_whether_it_stands_alone_or_extends(
    above: str, marked: str, place: str, said: str
) -> None:
    text = above + marked
    found = {where: (line, message) for line, where, message in mistakes_of(text)}
    place = place if place in found else place.replace("[13]", "[1]")
    line, message = found[place]
    marks = [number for number, each in enumerate(text.splitlines(), 1) if each.endswith("#")]
    assert [line] == marks or (line == marks[0] + 1 and place.endswith("].name"))
    assert message.startswith(said)


def test_a_share_is_told_with_both_ways_to_write_it() -> None:
    ((_, _, message),) = mistakes_of(HEAD + "[late]\nwarn_before = 0.6\n")
    assert message.endswith('such as "45s", "15m", "1h 30m" or "7d", or a share of the target, above 0 and at most 0.5')


@pytest.mark.parametrize(
    "text",
    [
        '[remind]\nafter = "90s"\nonly = "escalated"\nnotify = ["duty"]\n',
        '[acknowledge]\nwhen = "created"\nother = "Hello {number}."\n',
        '[late]\nwarn_before = 0.25\nresolution = false\nrespond_within = { low = "2d", urgent = "10m" }\n',
        '[late]\nwarn_before = "1h 30m"\nresolve_within.high = "20h"\n',
    ],
)
def test_what_tells_people_is_written_as_it_is_read(text: str) -> None:
    policy = parse_policy(HEAD + text, "shop.toml")
    assert parse_policy(toml_of(policy), "shop.toml") == policy


def test_what_tells_people_can_be_switched_off_in_a_policy_that_extends() -> None:
    off = parse_policy(HEAD + EXTENDS + 'remind.only = "none"\nlate.response = false\n', "shop.toml")
    base, own = fields_of(preset("support")), fields_of(off)
    assert own["remind"] == {**base["remind"], "only": "none"}
    assert own["late"] == {**base["late"], "response": False}


def test_what_is_missing_is_told_where_it_belongs() -> None:
    assert mistakes_of("version = 1\n") == [(None, "name", "required")]
    assert mistakes_of(HEAD + '[[rules]]\nname = "a"\n[rules.when]\nany = [{ signal = "leaving" }]\n') == [
        (4, "rules.a.then", "required")
    ]
    assert mistakes_of(HEAD + RULE.replace("then.reason", "then.queue")) == [(7, "rules.sad.then.reason", "required")]


def test_all_mistakes_are_told_in_the_order_of_the_file() -> None:
    found = mistakes_of(HEAD.replace("1", "0") + RULE.replace('"score"', '"scores"') + '[memory]\nquiet = "x"\n')
    assert [(line, place) for line, place, _ in found] == [
        (2, "version"),
        (6, "rules.sad.when.all[1].fact"),
        (9, "memory.quiet"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('name = "shop"\nversion = \n', 2),
        ('name = "shop"\nname = "other"\n', 2),
        ('name = "shop"\nabout = """never\nended\n', 4),
        ('[memory]\n[rules\nname = "x"', 2),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(text: str, line: int) -> None:
    ((told, place, message),) = mistakes_of(text)
    assert (told, place) == (line, "")
    assert message.startswith("no TOML: ")
    assert "(at " not in message


def test_a_mistake_reads_as_a_line_of_a_compiler(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(HEAD + 'reads = "x"\n')
    with pytest.raises(PolicyError, match=rf"^{file}:3: reads: Input should be 'support', "):
        read_policy(file)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_bytes(b'name = "\xff"')
    with pytest.raises(PolicyError, match=rf"^{file}: cannot be read: no UTF-8: "):
        read_policy(file)
    with pytest.raises(PolicyError, match=rf"^{tmp_path}/none.toml: cannot be read: No such file or directory$"):
        read_policy(tmp_path / "none.toml")


# -- extends


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_policy_that_reads_by_itself(name: PresetName) -> None:
    assert (preset(name).name, preset(name).reads) == (name, name)
    alone = parse_policy(f'{HEAD}extends = "{name}"\n', "shop.toml")
    assert alone.model_copy(update={"name": name}) == preset(name)


@pytest.mark.parametrize("name", ["suport", ""])
def test_only_presets_can_be_extended(name: str) -> None:
    ((line, place, message),) = mistakes_of(f'{HEAD}extends = "{name}"\n')
    assert (line, place) == (3, "extends")
    assert message == f"{name!r} is none of support | helpdesk | incident | whatsapp | assistant | analytics"


def test_a_rule_of_the_same_name_is_changed_in_its_place_and_others_come_after() -> None:
    base = preset("support")
    text = (
        f"{HEAD}{EXTENDS}{RULE}"
        '[[rules]]\nname = "leaving"\nthen.priority = "urgent"\nthen.queue = "retention"\n[memory]\nhistory = 99\n'
    )
    shop = parse_policy(text, "shop.toml")
    names = [rule.name for rule in base.rules]
    assert [rule.name for rule in shop.rules] == [*names, "sad"]
    was, now = (policy.rules[names.index("leaving")] for policy in (base, shop))
    assert (now.then.priority, now.then.queue) == ("urgent", "retention")
    assert (now.when, now.then.reason, now.limits) == (was.when, was.then.reason, was.limits)
    assert (shop.memory.history, shop.memory.quiet) == (99, base.memory.quiet)
    unchanged = set(names) - {"leaving"}
    assert [rule for rule in shop.rules if rule.name in unchanged] == [r for r in base.rules if r.name in unchanged]


def test_conditions_are_replaced_as_a_whole() -> None:
    text = f'{HEAD}{EXTENDS}[[rules]]\nname = "leaving"\nwhen.all = [{{ signal = "leaving" }}]\n'
    (leaving,) = (rule for rule in parse_policy(text, "shop.toml").rules if rule.name == "leaving")
    assert len(leaving.when.all) == 1


def test_a_list_without_names_is_replaced() -> None:
    base = {"risk": [{"points": 0.1}, {"points": 0.2}], "angry": ["angry"], "memory": {"quiet": "7d", "history": 50}}
    assert merged(base, {"risk": [{"points": 0.3}], "memory": {"history": 9}}) == {
        "risk": [{"points": 0.3}],
        "angry": ["angry"],
        "memory": {"quiet": "7d", "history": 9},
    }
    assert base["risk"] == [{"points": 0.1}, {"points": 0.2}]
