"""The sandbox that templates run in: which syntax, filters and operations there are, and nothing else.

Everything is bounded by the length of the source: no calls, no powers, no loop inside a loop, no way to double a text.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NoReturn

import jinja2
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.runtime import LoopContext, StrictUndefined, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from campaigns.core.errors import FilePosition, Problem, UserError, closest_match
from campaigns.core.model.enums import Channel, Language
from campaigns.rendering.templates.filters import filters
from campaigns.rendering.templates.folder import Source
from campaigns.rendering.templates.restrictions import breaches
from campaigns.rendering.templates.translations import TEXT_KEY
from campaigns.rendering.templates.variables import Read, reads

_FILTERS: Final = ("default", "first", "last", "length", "lower", "upper")
_TESTS: Final = ("defined", "even", "in", "none", "odd")
_OF_LOOPS: Final = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"}
)
_LARGEST: Final = 10**18


class TemplateError(Exception):
    """A message cannot be written for one member: a value is missing or of the wrong kind."""

    def __init__(self, place: FilePosition, reason: str, *, is_missing: bool = False) -> None:
        self.place, self.reason, self.is_missing = place, reason, is_missing
        super().__init__(f"{place}: {reason}")


class Sandbox(ImmutableSandboxedEnvironment):
    """Reads entries of mappings and items of lists; has no calls, no methods, no attributes of Python's objects."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def getattr(self, obj: object, attribute: str) -> object:
        """An entry of a mapping, or a property of the loop."""
        if type(obj) is dict or isinstance(obj, Mapping):  # nearly all are, and that is seen ten times as fast
            return obj[attribute] if attribute in obj else self.undefined(f"there is no `{attribute}` here")
        if isinstance(obj, Undefined):
            return str(obj)  # raises, and says what is missing
        if isinstance(obj, LoopContext) and attribute in _OF_LOOPS:
            value: object = getattr(obj, attribute)
            return value
        return self.undefined(f"`{attribute}` cannot be read here", name=attribute, exc=SecurityError)

    def getitem(self, obj: object, argument: object) -> object:
        """As `getattr`, or an item or a slice of a list or text."""
        if isinstance(obj, list | tuple | str) and isinstance(argument, int | slice):
            return super().getitem(obj, argument)
        return self.getattr(obj, str(argument))

    def call(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Nothing can be called."""
        raise SecurityError("a template calls nothing")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic of numbers of ordinary size; there are no powers."""
        for operand in (left, right):
            if not isinstance(operand, int | Decimal) or not -_LARGEST < operand < _LARGEST:
                raise SecurityError(f"`{operator}` is for numbers of ordinary size")
        if operator == "**":
            raise SecurityError("there are no powers in a template")
        return super().call_binop(context, operator, left, right)


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template; `place_of` tells where a line of the compiled text came from."""

    compiled: jinja2.Template
    file: str
    place_of: Callable[[int], FilePosition]

    def render(self, context: Mapping[str, object]) -> str:
        """The template filled with one member's values; TemplateError when it cannot be."""
        try:
            return self.compiled.render(context)
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            is_missing = isinstance(error, UndefinedError)
            raise TemplateError(self.place_of(self._line(error)), str(error), is_missing=is_missing) from error

    def _line(self, error: Exception) -> int:
        line, step = 0, error.__traceback__
        while step is not None:  # jinja2 has put the template's own lines into the traceback
            if step.tb_frame.f_code.co_filename == self.file:
                line = step.tb_lineno
            step = step.tb_next
        return line


@lru_cache(maxsize=32)
def environment(channel: Channel, language: Language, currency: str) -> Sandbox:
    """The environment of one channel and language; the `.mjml` and `.html` of an e-mail are escaped, nothing else is.

    A value that is missing or None is never printed: it raises.
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
    sandbox.filters = {**{name: sandbox.filters[name] for name in _FILTERS}, **filters(language, currency)}
    sandbox.tests = {name: sandbox.tests[name] for name in _TESTS}
    return sandbox


def parse_template(
    sandbox: Sandbox, source: Source, place_of: Callable[[int], FilePosition] | None = None
) -> jinja2.nodes.Template:
    """The syntax tree of a source; UserError with its syntax error, or with every breach of the grammar."""
    place = place_of or source.place
    try:
        tree = sandbox.parse(source.text)
    except jinja2.TemplateSyntaxError as error:
        message = error.message or "this is not a template"
        raise UserError([Problem(place(error.lineno), message, "template_syntax")]) from error
    except (RecursionError, ValueError) as error:  # brackets in brackets, a number of thousands of digits
        raise UserError.about(source.file, "the template is too tangled to be read", "template_syntax") from error
    problems = [
        Problem(place(breach.line), breach.message, breach.code, breach.hint)
        for breach in breaches(tree, sandbox.filters, sandbox.tests)
    ]
    if problems:
        raise UserError(problems)
    return tree


def compile_template(
    sandbox: Sandbox, source: Source, place_of: Callable[[int], FilePosition] | None = None
) -> Template:
    """The source compiled under the rules of the sandbox; UserError when it breaks them.

    `place_of` maps a line of the source to where its author wrote it; without it lines are the file's own.
    """
    code = sandbox.compile(parse_template(sandbox, source, place_of), source.file, source.file)
    return Template(jinja2.Template.from_code(sandbox, code, {}), source.file, place_of or source.place)


def reads_of(source: Source, place_of: Callable[[int], FilePosition] | None = None) -> tuple[Read, ...]:
    """Every use of a value in a source, with its place; what is read of a list's items included."""
    sandbox = environment(Channel.EMAIL, Language.EN, "EUR")
    return tuple(reads(parse_template(sandbox, source, place_of), place_of or source.place))


def fill_texts(source: Source, texts: Mapping[str, str], escape: Callable[[str], str] = str) -> Source:
    """The first pass: every `[[ key ]]` becomes the text of that key, escaped for where it is put.

    UserError with every key that there is no text for. A text may hold `{{ … }}` tags; `[[ … ]]` in it stays.
    """
    problems = list(_unknown_keys(source, texts))
    if problems:
        raise UserError(problems)
    return Source(source.file, TEXT_KEY.sub(lambda found: escape(texts[found[1].strip()]), source.text))


def _unknown_keys(source: Source, texts: Mapping[str, str]) -> Iterator[Problem]:
    for found in TEXT_KEY.finditer(source.text):
        key = found[1].strip()
        if key not in texts:
            yield Problem(
                source.at(found.start()), f"there is no text `{key}`", "unknown_text", closest_match(key, texts)
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
