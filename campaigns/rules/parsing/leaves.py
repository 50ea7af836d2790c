"""Parser of the simple leaves of a rule: a field, an audience, a birthday, a sample."""

from typing import Final

from campaigns.core.errors import closest_match
from campaigns.core.model.condition import Birthday, FieldCondition, InAudience, Sample
from campaigns.core.yaml.located import Located
from campaigns.rules.parsing.comparisons import read_comparisons
from campaigns.rules.parsing.rule_reader import RuleReader, display_value, list_names, printable
from campaigns.rules.parsing.values import read_days, read_share

_OTHER_WORDS: Final = {
    **dict.fromkeys(("or", "tai", "eller", "any_of"), "`any:`"),
    **dict.fromkeys(("and", "ja", "och", "all_of"), "`all:`"),
    **dict.fromkeys(("none", "ei", "inte", "exclude"), "`not:`"),
    **dict.fromkeys(("where", "purchases", "ostot"), "`bought: {where: {department: MEAT}, within: 28 days}`"),
}
_BIRTHDAY: Final = "`birthday: today` or `birthday: {in_next: 6 days}`"
_MAX_DAYS_AHEAD: Final = 366
_MAX_SALT_LENGTH: Final = 64
_SAMPLE_KEYS: Final = ("share", "salt")


def read_field(reader: RuleReader, node: Located, name: str, keywords: tuple[str, ...]) -> FieldCondition | None:
    """Return a condition on a field of the member; `keywords` are other names to suggest for an unknown name."""
    vocabulary = reader.vocabulary
    if name in vocabulary.member_fields:
        return FieldCondition(
            column=name,
            comparisons=read_comparisons(reader, node, vocabulary.member_fields[name]),
            place=node.key_place,
        )
    if name in vocabulary.special_fields:
        message = f"`{printable(name)}` holds data of a special category and may not be used"
        reader.add_key_problem(node, message, "special_field", "leave it out")
    elif name in vocabulary.line_fields:
        message = f"`{printable(name)}` is a field of purchase lines, not of members"
        reader.add_key_problem(node, message, "unknown_field", f"`bought: {{where: {{{name}: ...}}}}`")
    else:
        known = [*keywords, *vocabulary.member_fields]
        hint = (
            _OTHER_WORDS.get(name.casefold())
            or closest_match(name, known)
            or list_names(known)
            or f"one of {', '.join(f'`{keyword}`' for keyword in keywords)}, or a column of `members` in the catalogue"
        )
        reader.add_key_problem(node, f"there is no field or condition `{printable(name)}`", "unknown_field", hint)
    return None


def read_audience(reader: RuleReader, node: Located) -> InAudience | None:
    """Return a reference to a named audience."""
    name = reader.read_name(node, reader.vocabulary.audiences, "audience", "unknown_audience")
    return None if name is None else InAudience(name=name, place=node.place)


def read_birthday(reader: RuleReader, node: Located) -> Birthday | None:
    """Return the condition of `birthday: today` or `birthday: {in_next: …}`."""
    if node.value == "today":
        return Birthday(days_ahead=0, place=node.key_place)
    if not isinstance(node.value, dict) or list(node.value) != ["in_next"]:
        reader.add_problem(
            node, f"this is not when a birthday is: {display_value(node.value)}", "wrong_type", _BIRTHDAY
        )
        return None
    ahead = read_days(reader, node.part("in_next"), "in_next")
    if ahead is not None and ahead.days > _MAX_DAYS_AHEAD:
        message = f"a birthday comes within {_MAX_DAYS_AHEAD} days"
        reader.add_problem(node.part("in_next"), message, "wrong_type", _BIRTHDAY)
    return None if ahead is None else Birthday(days_ahead=ahead.days, place=node.key_place)


def read_sample(reader: RuleReader, node: Located) -> Sample | None:
    """Return the condition of `sample: 20 percent`, or of `share` with a `salt` of its own."""
    if not isinstance(node.value, dict):
        share = read_share(reader, node, "sample")
        return None if share is None else Sample(share=share, salt="", place=node.key_place)
    entries = reader.text_keys(node)
    for key in entries:
        if key not in _SAMPLE_KEYS:
            reader.add_unknown_key(entries[key], key, _SAMPLE_KEYS, "`sample`")
    if "share" not in entries:
        reader.add_problem(node, "`share` is required here", "missing", "`{share: 20 percent, salt: spring}`")
        return None
    share = read_share(reader, entries["share"], "share")
    salt = _salt(reader, entries["salt"]) if "salt" in entries else ""
    return None if share is None else Sample(share=share, salt=salt, place=node.key_place)


def _salt(reader: RuleReader, node: Located) -> str:
    if isinstance(node.value, str) and 0 < len(node.value) <= _MAX_SALT_LENGTH:
        return node.value
    message = f"`salt` is a text of at most {_MAX_SALT_LENGTH} characters, and this is {display_value(node.value)}"
    reader.add_problem(node, message, "wrong_type", "`salt: spring`")
    return ""
