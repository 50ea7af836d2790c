"""Benchmark of e-mail rendering against a bare Jinja loop over the same templates, and of the complete MIME message.

`python -m benchmarks.rendering [TIMES]` renders the samples of this workspace's e-mails in three languages.
"""

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import thread_time
from typing import Final

import jinja2

from benchmarks.timing import print_figure
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.core.model.settings import Settings
from campaigns.rendering.checks.template_values import sample_values
from campaigns.rendering.email.email_template import TEXT_FILE, EmailTemplate, email_sources
from campaigns.rendering.email.mime import MessageHeaders, assemble_message
from campaigns.rendering.templates.filters import template_filters
from campaigns.rendering.templates.folder import TemplateFolder, load_template_folder
from campaigns.workspace.paths import Workspace
from campaigns.workspace.repository import WorkspaceRepository

_DATE: Final = datetime(2018, 1, 5, 10, 30, tzinfo=UTC)
_HEADERS: Final = MessageHeaders(_DATE, "n@lahde.example.org", "Lähde", "a@lahde.example.org", "aino@example.org")


def measure(root: Path, times: int) -> None:
    """Report the rendering time of every e-mail of a workspace."""
    settings = WorkspaceRepository(Workspace(root)).settings
    for folder in sorted((root / "templates" / "email").iterdir()):
        if (folder / TEXT_FILE).is_file():
            _measure(load_template_folder(root, Channel.EMAIL, folder.name), settings, times)


def _measure(folder: TemplateFolder, settings: Settings, times: int) -> None:
    render_seconds = bare_seconds = assemble_seconds = 0.0
    size = 0
    for language in Language:
        template, sample = (
            EmailTemplate.compile(folder, language, settings),
            sample_values(folder, Purpose.NEWSLETTER, language, settings),
        )
        bare_loop = _bare_loop(folder, language, settings.currency)
        body = template.render(sample)
        size += len(body.html.encode()) // len(Language)
        render_seconds += _seconds(lambda: template.render(sample), times)  # noqa: B023 - called at once
        bare_seconds += _seconds(lambda: bare_loop(sample), times)  # noqa: B023
        assemble_seconds += _seconds(lambda: assemble_message(_HEADERS, body), times)  # noqa: B023
    speed = f"{1 / render_seconds * 3:,.0f} a second, {bare_seconds / render_seconds:.0%} of the bare loop"
    figures = f"{speed}; whole {assemble_seconds / 3 * 1e6:.0f} µs"
    print_figure(f"{folder.name}: {size / 1000:.0f} kB", figures)


def _bare_loop(folder: TemplateFolder, language: Language, currency: str) -> Callable[[Mapping[str, object]], None]:
    """Return a loop of plain Jinja over the same three sources, without sandbox, checks or placeholders."""
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=True)
    environment.filters.update(template_filters(language, currency))
    parts = [environment.from_string(source.text) for source, _ in email_sources(folder, language)]

    def bare_loop(sample: Mapping[str, object]) -> None:
        for part in parts:
            part.render(sample)

    return bare_loop


def _seconds(work: Callable[[], object], times: int) -> float:
    """Return the CPU seconds of one call, best of three rounds."""
    rounds = []
    for _ in range(3):
        start = thread_time()
        for _ in range(times):
            work()
        rounds.append((thread_time() - start) / times)
    return min(rounds)


if __name__ == "__main__":
    measure(Path(), int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
