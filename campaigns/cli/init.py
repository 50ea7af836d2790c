"""Command `init`."""

import inspect
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaigns.cli import output
from campaigns.core.clock import Clock
from campaigns.workspace.starter_questions import QUESTIONS, Answers, StarterQuestion, is_asked

if TYPE_CHECKING:
    from campaigns.core.model.localised_text import FormatError


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    demo: Annotated[bool, typer.Option("--demo", help="Copy the demonstration's workspace; it asks nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take the default of what no option says.")] = False,
    **options: str | None,
) -> None:
    """Create a workspace for your own data, with four campaigns; on a terminal it asks what no option says."""
    from campaigns.workspace import scaffold

    option_answers = {key: value for key, value in options.items() if value is not None}
    if demo and option_answers:
        raise typer.BadParameter("it takes no answers: a demonstration is as it is", param_hint="--demo")
    if demo:
        scaffold.create_demo_workspace(directory)
    else:
        scaffold.require_empty(directory)
        answers = _answers(option_answers, directory.resolve().name, asks=not yes and sys.stdin.isatty())
        scaffold.create_workspace(directory, answers, Clock().now().date())
    output.print_line(f"created {directory}; next: cd {quote(str(directory))} && viesti check")


def _answers(options: Answers, folder: str, *, asks: bool) -> Answers:
    """Return an answer to every question: the option's, that typed on the terminal, or the default."""
    answers = {"folder": folder}
    for question in QUESTIONS:
        default = question.default({**options, **answers})
        if question.key in options:
            answers[question.key] = _checked_option(question, options[question.key], answers)
        elif asks and is_asked(question, answers):
            answers[question.key] = _ask(question, default, answers)
        elif default:
            answers[question.key] = default
        else:
            message = f"Viesti knows none for {answers['country']}; say it with this option"
            raise typer.BadParameter(message, param_hint=_flag(question))
    return answers


def _checked_option(question: StarterQuestion, answer: str, earlier: Answers) -> str:
    from campaigns.core.model.localised_text import FormatError
    from campaigns.workspace.starter_answers import check_answer

    try:
        return check_answer(question.key, answer, earlier)
    except FormatError as error:
        raise typer.BadParameter(_with_hint(error), param_hint=_flag(question)) from error


def _ask(question: StarterQuestion, default: str, earlier: Answers) -> str:
    from campaigns.core.model.localised_text import FormatError
    from campaigns.workspace.starter_answers import check_answer

    while True:
        typed = str(typer.prompt(question.text, default=default or None))
        try:
            return check_answer(question.key, typed, earlier)
        except FormatError as error:
            output.print_warning(_with_hint(error))


def _with_hint(error: "FormatError") -> str:
    return f"{error}; try {error.hint}" if error.hint else str(error)


def _flag(question: StarterQuestion) -> str:
    return f"--{question.key.replace('_', '-')}"


def _signature() -> inspect.Signature:
    """Return the signature of `init` with an option for each question."""
    own = [each for each in inspect.signature(init).parameters.values() if each.kind is not each.VAR_KEYWORD]
    keyword: Any = inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature(
        [
            *own,
            *(
                inspect.Parameter(
                    question.key,
                    keyword,
                    default=None,
                    annotation=Annotated[
                        str | None, typer.Option(_flag(question), metavar=question.metavar, help=f"{question.help}.")
                    ],
                )
                for question in QUESTIONS
            ),
        ]
    )


init.__signature__ = _signature()  # type: ignore[attr-defined]  # the questions say which options there are


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(init)
