"""`viesti init`: a workspace for one's own data, from answers and options."""

import re
from pathlib import Path
from typing import Final

import pytest

from campaigns.core.clock import local_day
from campaigns.core.model.enums import Language
from campaigns.core.model.goods_classes import RestrictedClass, SpecialClass
from campaigns.workspace.paths import Workspace
from campaigns.workspace.repository import WorkspaceRepository
from campaigns.workspace.unanswered import unanswered_problems
from tests.support.shell import Shell

ANSWERS: Final = (
    *("--name", "Osuuskauppa Meri", "--name-sv", "Handelslaget Havet", "--name-en", "Meri Co-op"),
    *("--public-url", "https://viestit.meri.example.org", "--email", "uutiset@meri.example.org"),
    *("--business-id", "1234567-8", "--street", "Satamakatu 1", "--postal-code", "65100", "--city", "Vaasa"),
    *("--telephone", "+358 6 123 4567"),
)
AMERICAN: Final = re.compile(r"\b(DRUG GM|GROCERY|MEAT-PCKGD|COSMETICS|DELI|BEERS/ALES|Private|National)\b")
INVENTED: Final = re.compile(r"L\u00e4hde|K\u00e4llan|Lahde|lahde")


def texts_of(root: Path) -> dict[str, str]:
    """Return the text files of a workspace."""
    files = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".png")
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in files}


@pytest.fixture
def own(nowhere: Shell, tmp_path: Path) -> Shell:
    """Shell in a new workspace with all answers."""
    nowhere("init", tmp_path / "meri", *ANSWERS)
    return Shell(tmp_path / "meri", nowhere.capsys)


def test_four_campaigns_pass_check_before_anything_is_imported(own: Shell) -> None:
    result = own("check")
    assert "files are in order" in result.out
    assert re.findall(r"\[(\w+)\]$", result.err, re.MULTILINE) == ["print_profile", "no_offers"], "what is still to do"
    names = [path.stem for path in Workspace(own.root).campaign_files()]
    assert names == ["birthday", "owner_post", "weekly_offers", "welcome"]


def test_a_workspace_for_own_data_has_the_real_clock_and_nothing_of_the_demonstration(own: Shell) -> None:
    repository = WorkspaceRepository(Workspace(own.root))
    assert repository.settings.clock_start is None
    assert not repository.settings.synthetic
    assert repository.offers == ()
    assert repository.catalogue.classified_goods == {}
    for name, text in texts_of(own.root).items():
        assert not INVENTED.search(text), name
        assert not AMERICAN.search(text), name
        assert not re.search(r"\b201\d\b", text), name
        assert "$" not in text, name


def test_answers_become_settings_and_the_organisation(own: Shell) -> None:
    settings = WorkspaceRepository(Workspace(own.root)).settings
    house = settings.organisation
    assert house.name.by_language() == {
        Language.FI: "Osuuskauppa Meri",
        Language.SV: "Handelslaget Havet",
        Language.EN: "Meri Co-op",
    }
    assert (house.legal_name, house.business_id, house.telephone) == (
        "Osuuskauppa Meri",
        "1234567-8",
        "+358 6 123 4567",
    )
    assert (house.street, house.postal_code, house.city.fi) == ("Satamakatu 1", "65100", "Vaasa")
    assert (settings.country, settings.currency, settings.time_zone) == ("FI", "EUR", "Europe/Helsinki")
    assert settings.channels.email.address == "uutiset@meri.example.org"
    assert settings.channels.sms.sender == "Meri"
    assert settings.internal_addresses == ("@meri.example.org",)


def test_details_without_an_answer_are_errors_as_soon_as_a_provider_sends(nowhere: Shell, tmp_path: Path) -> None:
    nowhere("init", tmp_path / "new", "--city", "Vaasa")
    workspace = Workspace(tmp_path / "new")
    settings = workspace.settings.read_text("utf-8")
    workspace.settings.write_text(settings.replace("    provider: folder", "    provider: smtp", 1), "utf-8")
    problems = list(unanswered_problems(workspace, WorkspaceRepository(workspace).settings))
    assert [re.findall("`(\\w+)`", problem.message)[0] for problem in problems] == [
        "business_id",
        "street",
        "postal_code",
        "telephone",
    ]
    assert {problem.severity for problem in problems} == {"error"}


def test_first_language_is_that_of_members_without_one_and_gives_the_names_that_are_not_said(
    nowhere: Shell, tmp_path: Path
) -> None:
    nowhere("init", tmp_path / "new", "--languages", "sv,fi", "--name", "Havet", "--country", "SE")
    settings = WorkspaceRepository(Workspace(tmp_path / "new")).settings
    assert settings.default_language is Language.SV
    assert set(settings.organisation.name.by_language().values()) == {"Havet"}
    assert (settings.currency, settings.time_zone) == ("SEK", "Europe/Stockholm")


def test_a_name_in_the_first_language_alone_is_that_in_all(nowhere: Shell, tmp_path: Path) -> None:
    nowhere("init", tmp_path / "new", "--languages", "sv", "--name-sv", "Havet")
    house = WorkspaceRepository(Workspace(tmp_path / "new")).settings.organisation
    assert {*house.name.by_language().values(), house.legal_name} == {"Havet"}


def test_a_sender_with_its_name_is_its_address_alone(nowhere: Shell, tmp_path: Path) -> None:
    nowhere("init", tmp_path / "new", "--email", "Meri <uutiset@meri.example.org>")
    settings = WorkspaceRepository(Workspace(tmp_path / "new")).settings
    assert settings.channels.email.address == "uutiset@meri.example.org"
    assert settings.internal_addresses == ("@meri.example.org",)


def test_the_next_command_can_be_copied_whatever_the_folder_is_called(nowhere: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "meri & maa"
    assert nowhere("init", folder).out == f"created {folder}; next: cd '{folder}' && viesti check\n"


def test_without_options_and_without_a_terminal_defaults_are_taken(nowhere: Shell, tmp_path: Path) -> None:
    nowhere("init", tmp_path / "meri")
    own = Shell(tmp_path / "meri", nowhere.capsys)
    repository = WorkspaceRepository(Workspace(own.root))
    assert repository.settings.organisation.name.fi == "Meri"
    assert {problem.severity for problem in unanswered_problems(repository.workspace, repository.settings)} == {
        "warning"
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--languages", "fi,de"), "languages are `fi`, `sv` and `en`, with commas between them"),
        (("--country", "Finland"), "a country is two capital letters of ISO 3166; try `FI`"),
        (("--country", "JP"), "Viesti knows none for JP; say it with this option"),
        (("--currency", "euro"), "a currency is three capital letters; try `EUR`"),
        (("--time-zone", "Helsinki"), "time zone"),
        (("--public-url", "meri.fi"), "an address of pages begins with https://; try `https://meri.fi`"),
        (("--public-url", "https://meri.fi/?a=1"), "try `https://meri.fi`"),
        (("--public-url", "https://meri.fi/jasenet#a"), "try `https://meri.fi/jasenet`"),
        (("--public-url", "https://aino:salainen@meri.fi"), "it has no `?`, `#` or user name; try `https://meri.fi`"),
        (("--email", "meri"), "email address"),
        (("--postal-code", "100"), "a postal code of FI is five digits; try `00100`"),
        (("--country", "NO", "--postal-code", "00150"), "a postal code of NO is four digits; try `0010`"),
        (("--name", " "), "a text of one line"),
        (("--demo", "--name", "Meri"), "it takes no answers"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_answer_that_cannot_be_right_is_refused_before_anything_is_written(
    nowhere: Shell, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    error = nowhere("init", tmp_path / "new", *arguments, code=2).err
    assert message in " ".join(error.replace("\u2502", " ").split())
    assert not (tmp_path / "new").exists()


def test_a_terminal_is_asked_what_no_option_says_and_again_after_a_wrong_answer(
    nowhere: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter(["sv,fi", "Havet", "Meri", "Finland", "SE", "", "", "", "", "", "", "", "12345", "", ""])
    asked = []

    def answer(text: str, default: str | None = None) -> str:
        asked.append(text)
        return next(typed) or str(default)

    monkeypatch.setattr("typer.prompt", answer)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    result = nowhere("init", tmp_path / "new", "--city", "Umeå")
    assert "a country is two capital letters" in result.err
    assert asked.count("Country") == 2
    assert "City" not in asked
    assert "Its name in English" not in asked
    settings = WorkspaceRepository(Workspace(tmp_path / "new")).settings
    assert settings.organisation.name.by_language() == {"fi": "Meri", "sv": "Havet", "en": "Havet"}
    assert (settings.organisation.postal_code, settings.organisation.city.sv) == ("12345", "Umeå")
    assert settings.currency == "SEK"


@pytest.mark.parametrize(
    ("country", "code", "stored"), [("NO", "0150", "0150"), ("SE", "123 45", "12345"), ("LV", "1010", "LV-1010")]
)
def test_postal_code_of_the_country_is_taken(
    nowhere: Shell, tmp_path: Path, country: str, code: str, stored: str
) -> None:
    nowhere("init", tmp_path / "new", "--country", country, "--postal-code", code)
    assert WorkspaceRepository(Workspace(tmp_path / "new")).settings.organisation.postal_code == stored


def test_postal_code_of_another_country_is_told_where_it_stands(nowhere: Shell, tmp_path: Path) -> None:
    nowhere("init", tmp_path / "new", "--postal-code", "65100")
    settings = tmp_path / "new" / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("country: FI", "country: NO"), "utf-8")
    error = Shell(tmp_path / "new", nowhere.capsys)("check", code=1).err
    assert "brand.yaml:9:16: a postal code of NO is four digits [form]" in error


def test_yes_asks_nothing_on_a_terminal(nowhere: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: pytest.fail("it asks"))
    nowhere("init", tmp_path / "new", "--yes")
    settings = WorkspaceRepository(Workspace(tmp_path / "new")).settings
    assert (settings.currency, settings.time_zone) == ("EUR", "Europe/Helsinki")


@pytest.mark.parametrize(
    "name", ["true", "A: b", "# x", "'q\"", "{}", "Meri & co", "Öarnas handelslag", "007", "- x", "x #y", "a,b", "x:"]
)
def test_any_name_survives_the_files(nowhere: Shell, tmp_path: Path, name: str) -> None:
    nowhere("init", tmp_path / "new", "--name", name)
    house = WorkspaceRepository(Workspace(tmp_path / "new")).settings.organisation
    assert (house.name.en, house.legal_name) == (name, name)


@pytest.mark.long
def test_details_that_nobody_answered_are_told_and_keep_everything_from_a_provider(
    nowhere: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere("init", tmp_path / "new", "--telephone", "+358 6 123 4567")
    new = Shell(tmp_path / "new", nowhere.capsys)
    told = new("check").err
    assert re.findall(r"`(\w+)` is still `TODO`", told) == ["business_id", "street", "postal_code", "city"]
    assert re.search(
        r"brand\.yaml:7:16: warning: `business_id` is still `TODO`, and the law wants it in every message "
        r"\[unanswered\]\n.*\n.*\n  try: write your own here",
        told,
    )
    assert "TODO" not in new("plan", "weekly_offers").err
    settings = new.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("    provider: folder", "    provider: smtp", 1), "utf-8")
    assert "[unanswered]" in new("check", code=1).err
    assert "[unanswered]" in new("plan", "owner_post", code=1).err


def test_samples_show_the_offers_of_this_week(own: Shell) -> None:
    settings = WorkspaceRepository(Workspace(own.root)).settings
    today = local_day(WorkspaceRepository(Workspace(own.root)).clock.now(), settings.zone)
    sample = (own.root / "templates" / "email" / "weekly_offers" / "sample.yaml").read_text("utf-8")
    first, last = re.search(r"valid_from: (\S+)\n    valid_to: (\S+)", sample).groups()
    assert first <= today.isoformat() <= last


def test_catalogue_of_a_new_workspace_names_every_class_of_sensitive_goods(own: Shell) -> None:
    catalogue = (own.root / "config" / "catalogue.yaml").read_text("utf-8")
    assert [each for each in (*SpecialClass, *RestrictedClass) if each.value not in catalogue] == []
