"""Template folders: own and shared files, and all problems reported at once."""

from pathlib import Path

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel, Language
from campaigns.rendering.templates.folder import load_template_folder
from tests.support.template_folders import TEXTS, folder_of


def write(root: Path, path: str, content: str) -> None:
    file = root / "templates" / "email" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")


@pytest.mark.parametrize("name", ["..", "../sms/x", "a/b", "/etc", "", "Iso", "_shared", ".git", "a" * 64, "a\0b"])
def test_a_name_cannot_lead_outside_the_templates_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError) as raised:
        load_template_folder(tmp_path, Channel.EMAIL, name)
    assert [problem.code for problem in raised.value.problems] == ["name"]


def test_a_missing_folder_is_reported_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"templates/email/nowhere: there is no such template folder \[missing\]"):
        load_template_folder(tmp_path, Channel.EMAIL, "nowhere")


def test_a_templates_text_overrides_the_shared_one(tmp_path: Path) -> None:
    write(tmp_path, "_shared/texts.yaml", "a: {fi: 1a, sv: 1b, en: 1c}\nsubject: {fi: x, sv: x, en: x}\n")

    folder = folder_of(tmp_path, {})

    assert folder.texts_in(Language.SV) == {"a": "1b", "subject": "Hej"}
    assert folder.texts["a"].positions[Language.SV].file == "templates/email/_shared/texts.yaml"


def test_a_templates_file_overrides_the_shared_one(tmp_path: Path) -> None:
    write(tmp_path, "_shared/texts.yaml", TEXTS)
    write(tmp_path, "_shared/body.txt", "shared")
    write(tmp_path, "_shared/other.txt", "shared")

    folder = folder_of(tmp_path, {"body.txt": "own"})

    assert (folder.source("body.txt").text, folder.source("body.txt").file) == ("own", "templates/email/trial/body.txt")
    assert folder.source("other.txt").file == "templates/email/_shared/other.txt"
    with pytest.raises(UserError, match="no such file"):
        folder.source("../_shared/other.txt")


def test_a_sample_inherits_missing_values_from_the_shared_one(tmp_path: Path) -> None:
    write(tmp_path, "_shared/sample.yaml", "member: {first_name: Aino, city: Turku}\narm: null\n")

    folder = folder_of(tmp_path, {"sample.yaml": "member: {first_name: Åsa}\ntitle: {fi: yksi, sv: en, en: one}\n"})

    assert folder.sample(Language.SV) == {
        "member": {"first_name": "Åsa", "city": "Turku"},
        "arm": None,
        "title": "en",
    }


def test_every_missing_language_is_reported_with_its_line(tmp_path: Path) -> None:
    texts = (
        "subject: {fi: Hei, sv: Hej}\nlead:\n  fi: a\n  sv: ''\n  en: c\nend: hello\nBad Key: {fi: a, sv: a, en: a}\n"
    )
    with pytest.raises(UserError) as raised:
        folder_of(tmp_path, {"texts.yaml": texts})

    assert [(p.place.line, p.code, p.message) for p in raised.value.problems] == [
        (1, "language", "`subject` is missing in `en`"),
        (4, "language", "`lead` has no text in `sv`"),
        (6, "language", "`end` is given in three languages"),
        (7, "text_key", "`Bad Key` cannot be a key: use lower-case letters, digits and `_`"),
    ]


def test_all_missing_files_are_reported_at_once(tmp_path: Path) -> None:
    write(tmp_path, "trial/body.txt", "x")
    with pytest.raises(UserError) as raised:
        load_template_folder(tmp_path, Channel.EMAIL, "trial")
    assert [str(problem.place) for problem in raised.value.problems] == [
        "templates/email/trial/sample.yaml",
        "templates/email/trial/texts.yaml",
    ]


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("key", encoding="utf-8")
    folder_of(tmp_path, {})
    (tmp_path / "templates/email/trial/stolen.txt").symlink_to(secret)

    with pytest.raises(UserError, match=r"stolen\.txt: a template holds no symbolic links"):
        load_template_folder(tmp_path, Channel.EMAIL, "trial")


@pytest.mark.hostile
@pytest.mark.parametrize("name", ["trial", "_shared"])
def test_a_folder_that_is_a_symbolic_link_is_refused(tmp_path: Path, name: str) -> None:
    folder_of(tmp_path, {})
    elsewhere = tmp_path / "elsewhere"
    folder = tmp_path / "templates/email" / name
    if folder.exists():
        folder.rename(elsewhere)
    else:
        elsewhere.mkdir()
        (elsewhere / "secret.txt").write_text("key", encoding="utf-8")
    folder.symlink_to(elsewhere)
    with pytest.raises(UserError) as raised:
        load_template_folder(tmp_path, Channel.EMAIL, "trial")
    assert {(problem.place.file, problem.code, bool(problem.hint)) for problem in raised.value.problems} >= {
        (f"templates/email/{name}", "link", True)
    }


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"larger than 1 MB"):
        folder_of(tmp_path, {"notes.txt": "x" * 1_000_001})


def test_the_digest_changes_with_any_own_or_shared_file(tmp_path: Path) -> None:
    first = folder_of(tmp_path, {}).digest()
    assert folder_of(tmp_path, {}).digest() == first

    second = folder_of(tmp_path, {"body.txt": "y\n"}).digest()
    write(tmp_path, "_shared/footer.txt", "z")
    third = folder_of(tmp_path, {}).digest()

    assert len({first, second, third}) == 3
