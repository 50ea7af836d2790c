"""Bad templates below tests/bad/template: each is refused, or warned of, with exactly the text in the file beside it.

A folder holds only what differs from the good workspace in `_base`. After a change of texts,
`python -m tests.workspace.test_bad_templates` rewrites the expected texts; review the diff.
"""

import os
import shutil
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from campaigns.core.errors import Problem, UserError
from campaigns.workspace.paths import Workspace
from campaigns.workspace.repository import WorkspaceRepository
from campaigns.workspace.source_excerpt import source_excerpt

BAD: Final = Path(__file__).parents[1] / "bad" / "template"
BASE: Final = BAD / "_base"
CASES: Final = sorted(path for path in BAD.iterdir() if path.is_dir() and path != BASE)
UNUSUAL: Final = (
    "Tilaa myös Kauneus! Oletko jo tilannut uutiskirjeen Kauneus? Prenumerera på Skönhet, or subscribe to Beauty.",
    "Kauneus on kaikkialla, koska on kevät.",
    "<!--[if mso]><table><tr><td><![endif]-->Hei<!--[if mso]></td></tr></table><![endif]-->",
    '<span dir="rtl" lang="ar">مرحبا بكم</span>',
    "<!-- <a href='htp://vanha'></a> --> {# <a href='huomenna'> {% if %} #} Kahvi &amp; pulla &lt;3 &#127874;",
    '<a name="alku"></a><a href="#alku">Alkuun</a> <a href="mailto:a@example.org?subject=Hei%20vaan">Kirjoita</a>',
    '<span style="color:#ffffff;font-size:1px;max-height:0;overflow:hidden">vain luettelossa</span>',
    '<span style="color:#dddddd" aria-hidden="true">01</span>',
    '<img src="https://kyla.example.org/images/offers/coffee.png" alt="" width="40" />',
    "{% set name = member.first_name or 'sinä' %}{{ name }}",
)
NOW: Final = datetime(2018, 1, 2, 8, tzinfo=UTC)


def problems_of(case: Path, root: Path) -> list[Problem]:
    """Return the problems of the workspace that a case makes of the good one, written below `root`."""
    shutil.copytree(BASE, root, dirs_exist_ok=True)
    shutil.copytree(case, root, dirs_exist_ok=True)
    with chdir(root):
        repository = WorkspaceRepository(Workspace(Path()))
        files = repository.workspace.campaign_files()
        return list(dict.fromkeys(problem for file in files for problem in repository.file_problems(file, NOW)))


def printed_problems(case: Path, root: Path) -> str:
    """Return the problems as printed on a terminal."""
    problems = problems_of(case, root)
    return "".join(f"{source_excerpt(problem, _text(root / problem.place.file))}\n" for problem in problems)


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.is_file() else ""


def test_the_good_workspace_has_no_problem(tmp_path: Path) -> None:
    assert printed_problems(BASE, tmp_path) == ""


def test_an_unusual_but_correct_template_has_no_problem(tmp_path: Path) -> None:
    shutil.copytree(BASE, tmp_path, dirs_exist_ok=True)
    folder = tmp_path / "templates" / "email" / "letter"
    written = "".join(f'<mj-text css-class="ink">{words}</mj-text>' for words in UNUSUAL)
    for file, old, new in (
        ("body.mjml", "[[ hello ]]</mj-text>", f"[[ hello ]]</mj-text>{written}"),
        ("texts.yaml", "subject: {fi: ", "subject: {fi: 🎂 "),
    ):
        text = (folder / file).read_text("utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    assert printed_problems(tmp_path, tmp_path / "copy") == ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bad_template_is_reported_with_its_expected_text(case: Path, tmp_path: Path) -> None:
    assert printed_problems(case, tmp_path) == (BAD / f"{case.name}.txt").read_text("utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_expected_text_has_a_place_in_a_file_of_the_author_and_a_next_step(case: Path) -> None:
    heads = [line for line in (BAD / f"{case.name}.txt").read_text("utf-8").splitlines() if line[:1] not in (" ", "")]
    hints = (BAD / f"{case.name}.txt").read_text("utf-8").count("\n  try: ")
    assert heads
    assert hints == len(heads)
    assert all((case / head.partition(":")[0]).exists() or (BASE / head.partition(":")[0]).exists() for head in heads)
    assert not any(
        "/_shared/" in head.partition(":")[0] and not (case / head.partition(":")[0]).exists() for head in heads
    )


@pytest.mark.parametrize(
    "name", ["offers_not_asked_for", "picture_of_an_offer", "other_newsletter", "link_without_words"]
)
def test_an_error_of_content_keeps_a_campaign_from_being_planned(name: str, tmp_path: Path) -> None:
    problems_of(BAD / name, tmp_path)
    with chdir(tmp_path):
        repository = WorkspaceRepository(Workspace(Path()))
        definition, _ = repository.campaign_definition("letter", NOW)
        with pytest.raises(UserError):
            repository.require_valid(definition)


if __name__ == "__main__":
    for case in CASES:
        with TemporaryDirectory() as folder:
            text = printed_problems(case, Path(folder))
        (BAD / f"{case.name}.txt").write_text(text, "utf-8")
        os.write(1, f"== {case.name}\n{text}\n".encode())
