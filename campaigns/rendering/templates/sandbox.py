"""Sandbox for templates: the allowed Jinja syntax, filters and operations.

The cost of a template is bounded by the length of its source: no calls, no powers, no nested loops, no way to double
a text.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NoReturn

import jinja2
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.runtime import LoopContext, StrictUndefined, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.enums import Channel, Language
from campaigns.rendering.templates.filters import template_filters
from campaigns.rendering.templates.folder import MAX_CHARACTERS, TemplateSource
from campaigns.rendering.templates.personal_urls import personal_url_lines
from campaigns.rendering.templates.restrictions import find_violations
from campaigns.rendering.templates.translations import TEXT_PLACEHOLDER, closest_text
from campaigns.rendering.templates.variables import VariableUse, variable_uses

_FILTERS: Final = ("default", "first", "last", "length", "lower", "upper")
_TESTS: Final = ("defined", "even", "in", "none", "odd")
_LOOP_ATTRIBUTES: Final = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"}
)
_NUMBER_LIMIT: Final = 10**18
_SYNTAX_HINT: Final = "is every `{{` and `{%` closed, and every block ended?"
_PERSONAL_URL: Final = "a value that differs by member stands in an address, whose owner would learn it"
_PERSONAL_URL_HINT: Final = (
    "write an address that is the same for everybody, or one of our own as a whole: `{{ links.why }}`"
)


class TemplateError(Exception):
    """Raised when a message cannot be rendered for one member: a value is missing or of the wrong type."""

    def __init__(self, place: FilePosition, reason: str, *, is_missing: bool = False) -> None:
        self.place, self.reason, self.is_missing = place, reason, is_missing
        super().__init__(f"{place}: {reason}")


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja environment that reads mappings and lists only: no calls, no methods, no attributes of Python objects."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def getattr(self, obj: object, attribute: str) -> object:
        """Return an entry of a mapping, or a property of the loop."""
        if type(obj) is dict:  # most are, and this check is ten times as fast
            return obj[attribute] if attribute in obj else self._missing(attribute)
        if isinstance(obj, LoopContext) and attribute in _LOOP_ATTRIBUTES:
            value: object = getattr(obj, attribute)
            return value
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self._missing(attribute)
        if isinstance(obj, Undefined):
            return str(obj)  # raises and names the missing value
        return self.undefined(f"`{attribute}` cannot be read here", name=attribute, exc=SecurityError)

    def _missing(self, attribute: str) -> object:
        return self.undefined(f"there is no `{attribute}` here")

    def getitem(self, obj: object, argument: object) -> object:
        """Return an item or a slice of a list or text, or an entry as `getattr` does."""
        if isinstance(obj, list | tuple | str) and isinstance(argument, int | slice):
            return super().getitem(obj, argument)
        return self.getattr(obj, str(argument))

    def call(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refuse every call."""
        raise SecurityError("a template calls nothing")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Compute with numbers below 10^18; powers are refused."""
        for operand in (left, right):
            if not isinstance(operand, int | Decimal) or not -_NUMBER_LIMIT < operand < _NUMBER_LIMIT:
                raise SecurityError(f"`{operator}` is for numbers of ordinary size")
        if operator == "**":
            raise SecurityError("there are no powers in a template")
        return super().call_binop(context, operator, left, right)


@dataclass(frozen=True, slots=True)
class CompiledTemplate:
    """Compiled template; `place_of` maps a line of the compiled text to its origin."""

    compiled: jinja2.Template
    file: str
    place_of: Callable[[int], FilePosition]

    def render(self, context: Mapping[str, object]) -> str:
        """Render the template with one member's values; TemplateError when a value is missing or of the wrong type."""
        try:
            return self.compiled.render(context)
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            is_missing = isinstance(error, UndefinedError)
            raise TemplateError(self.place_of(self._line(error)), str(error), is_missing=is_missing) from error

    def _line(self, error: Exception) -> int:
        line, frame = 0, error.__traceback__
        while frame is not None:  # jinja2 puts the template's own lines into the traceback
            if frame.tb_frame.f_code.co_filename == self.file:
                line = frame.tb_lineno
            frame = frame.tb_next
        return line


@lru_cache(maxsize=32)
def sandbox_for(channel: Channel, language: Language, currency: str) -> Sandbox:
    """Return the environment of one channel and language; only the `.mjml` and `.html` of an e-mail are escaped.

    Printing a value that is missing or None raises.
    """
    sandbox = Sandbox(
        undefined=StrictUndefined,
        autoescape=_is_markup if channel is Channel.EMAIL else False,
        finalize=_printable,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=0,
    )
    sandbox.globals.clear()
    sandbox.filters = {**{name: sandbox.filters[name] for name in _FILTERS}, **template_filters(language, currency)}
    sandbox.tests = {name: sandbox.tests[name] for name in _TESTS}
    return sandbox


def parse_template(
    sandbox: Sandbox, source: TemplateSource, place_of: Callable[[int], FilePosition] | None = None
) -> jinja2.nodes.Template:
    """Return the syntax tree of a source; UserError with its syntax error, or with every violation."""
    place = place_of or source.position_of_line
    try:
        with _depth_as_problem(source):
            tree = sandbox.parse(source.text)
            violations = list(find_violations(tree, sandbox.filters, sandbox.tests))
    except jinja2.TemplateSyntaxError as error:
        message = error.message or "this is not a template"
        raise UserError([Problem(place(error.lineno), message, "template_syntax", _SYNTAX_HINT)]) from error
    if violations:
        raise UserError(
            Problem(place(violation.line), violation.message, violation.code, violation.hint)
            for violation in violations
        )
    return tree


@contextmanager
def _depth_as_problem(source: TemplateSource) -> Iterator[None]:
    """Turn what deeply nested brackets, endless sums and numbers of thousands of digits raise into UserError."""
    try:
        yield
    except (RecursionError, ValueError, MemoryError) as error:
        raise UserError.about(
            source.file, "the template is nested too deeply, or a number in it is too long", "template_syntax"
        ) from error


def compile_template(
    sandbox: Sandbox, source: TemplateSource, place_of: Callable[[int], FilePosition] | None = None
) -> CompiledTemplate:
    """Compile a source under the restrictions of the sandbox; UserError for violations and for members' values in URLs.

    `place_of` maps a line of the source to the author's position; by default lines are those of the file.
    """
    place, tree = place_of or source.position_of_line, parse_template(sandbox, source, place_of)
    is_markup = sandbox.autoescape is not False and _is_markup(source.file)
    with _depth_as_problem(source):
        lines = list(personal_url_lines(tree, is_markup=is_markup))
        if lines:
            raise UserError(Problem(place(line), _PERSONAL_URL, "personal_url", _PERSONAL_URL_HINT) for line in lines)
        code = sandbox.compile(tree, source.file, source.file)
    return CompiledTemplate(jinja2.Template.from_code(sandbox, code, {}), source.file, place)


def variable_uses_in(
    source: TemplateSource, place_of: Callable[[int], FilePosition] | None = None
) -> tuple[VariableUse, ...]:
    """Return every use of a value in a source with its position, including values of list items."""
    sandbox = sandbox_for(Channel.EMAIL, Language.EN, "EUR")
    with _depth_as_problem(source):
        return tuple(variable_uses(parse_template(sandbox, source, place_of), place_of or source.position_of_line))


def insert_texts(
    source: TemplateSource, texts: Mapping[str, str], escape: Callable[[str], str] = str
) -> TemplateSource:
    """Replace every `[[ key ]]` with the text of that key, passed through `escape`.

    UserError with every key without a text. A text may hold `{{ … }}` tags; a `[[ … ]]` in it stays.
    """
    problems = list(_unknown_keys(source, texts))
    if problems:
        raise UserError(problems)
    if sum(len(texts[key.strip()]) for key in TEXT_PLACEHOLDER.findall(source.text)) > MAX_CHARACTERS:
        message = f"the texts that are inserted have over {MAX_CHARACTERS} characters"
        raise UserError.about(source.file, message, "size", "insert less, or less often")
    return TemplateSource(source.file, TEXT_PLACEHOLDER.sub(lambda match: escape(texts[match[1].strip()]), source.text))


def _unknown_keys(source: TemplateSource, texts: Mapping[str, str]) -> Iterator[Problem]:
    for match in TEXT_PLACEHOLDER.finditer(source.text):
        key = match[1].strip()
        if key not in texts:
            yield Problem(
                source.position_of(match.start()),
                f"there is no text `{key}`",
                "unknown_text",
                closest_text(key, texts),
            )


def _is_markup(file: str | None) -> bool:
    return file is not None and file.endswith((".mjml", ".html"))


def _printable(value: object) -> object:
    if isinstance(value, str | Undefined) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if value is None:
        raise ValueError("an empty value was to be printed: ask for it with `{% if … %}` first")
    if isinstance(value, date | Decimal):
        raise TypeError("a date or an amount is printed through a filter: `date`, `money`, `number`, `percent`")
    raise TypeError(f"a {type(value).__name__} cannot be printed")
