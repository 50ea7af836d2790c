"""Proposed mappings: headers and words in three languages, forms of dates, decimal commas, and what stays open."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiences.imports.column_kinds import column_kinds
from audiences.imports.date_forms import FORMS, check_date_form, example, matching_forms
from audiences.imports.import_file import FILE_KINDS
from audiences.imports.mapping import MappingFile, load_mapping
from audiences.imports.proposal import Proposal, propose_mapping
from audiences.imports.table_reader import open_reader
from campaigns.core.yaml.source import parse_yaml
from tests.support.import_target import CATALOGUE, SETTINGS, ImportTarget

MEMBERS = """Jäsennumero;Laji;Etunimi;Sukunimi;Syntymäaika;Kieli;Sähköposti;Matkapuhelin;Postinro;Opiskelija;Huomautus
1001;Omistaja;Äinö;Virta;28.2.1970;suomi;aino@example.org;040 123 4567;00100;Kyllä;
1002;Rinnakkaiskortti;Örjan;Åberg;1.12.1980;ruotsi;orjan@example.org;0401234568;100;Ei;x
1003;omistaja;Matti;Mäki;31.12.1999;englanti;;;33100;;
"""
SWEDISH = (
    "Medlemsnummer\tInköpsdatum\tKvitto\tArtikelnummer\tAntal\tBelopp\tButik\n1\t30/12/2017\tb1\tp1\t1\t2,50\ts1\n"
)
ENGLISH = "Customer ID|Date|Receipt number|SKU|Qty|Line total|Store\n1|12/30/2017|b1|p1|1|2.50|s1\n"
HEADER_NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12)


def propose(kind: str, path: Path) -> Proposal:
    file_kind, kinds = FILE_KINDS[kind], column_kinds(kind, CATALOGUE, SETTINGS)
    return propose_mapping(kind, path.name, open_reader(path), file_kind.columns(CATALOGUE), file_kind.required, kinds)


def proposed(kind: str, content: str, folder: Path, encoding: str = "utf-8") -> tuple[Proposal, MappingFile]:
    path = folder / "file.csv"
    path.write_bytes(content.encode(encoding))
    proposal = propose(kind, path)
    (folder / "file.yaml").write_text(proposal.text, encoding="utf-8")
    return proposal, load_mapping(folder / "file.yaml").file


def test_a_proposed_mapping_of_finnish_members_imports_every_row(target: ImportTarget) -> None:
    proposal, mapping = proposed("members", MEMBERS, target.root, "cp1252")
    assert mapping.columns == {
        "Jäsennumero": "member_id",
        "Laji": "register",
        "Etunimi": "first_name",
        "Sukunimi": "last_name",
        "Syntymäaika": "birth_date",
        "Kieli": "language",
        "Sähköposti": "email",
        "Matkapuhelin": "phone",
        "Postinro": "postal_code",
    }
    assert mapping.ignore == ("Opiskelija", "Huomautus")
    assert mapping.dates == {"birth_date": "d.M.yyyy"}
    assert mapping.values["language"] == {"suomi": "fi", "ruotsi": "sv", "englanti": "en"}
    assert mapping.values["register"] == {"Omistaja": "owners", "omistaja": "owners", "Rinnakkaiskortti": "household"}
    assert proposal.doubts == ()
    report = target.import_file("members", target.root / "file.csv", target.root / "file.yaml")
    assert (report.stored, report.rejected, report.emptied, report.padded) == (3, 0, 0, 1)


@pytest.mark.parametrize(
    ("content", "form", "decimal"), [(SWEDISH, "d/M/yyyy", ","), (ENGLISH, "M/d/yyyy", None)], ids=["sv", "en"]
)
def test_headers_dates_and_decimals_of_other_languages_are_recognised(
    target: ImportTarget, content: str, form: str, decimal: str | None
) -> None:
    proposal, mapping = proposed("purchases", content, target.root)
    assert proposal.doubts == ()
    assert (mapping.dates, mapping.decimal) == ({"purchased_at": form}, decimal)
    report = target.import_file("purchases", target.root / "file.csv", target.root / "file.yaml")
    assert (report.stored, report.rejected) == (1, 0)
    assert target.rows("SELECT basket_id, amount, store_id FROM receipts") == [("b1", 2.5, "s1")]


@pytest.mark.parametrize(
    ("amount", "decimal", "stored"),
    [
        ("1.234,50", ",", "1234.5"),
        ("-12.345.678,9 €", ",", "-12345678.9"),
        ("1 234,50 €", ",", "1234.5"),
        ("12 €", ",", "12"),
        ("1 234", ",", "1234"),
        ("12.50 €", ".", "12.5"),
    ],
)
def test_amounts_with_thousands_and_euros_are_read(
    target: ImportTarget, amount: str, decimal: str, stored: str
) -> None:
    header = "member_id;purchased_at;basket_id;product_id;quantity;amount;store_id\n"
    _, mapping = proposed("purchases", f"{header}1;2017-12-30;b1;p1;1;{amount};s1\n", target.root)
    assert mapping.decimal == decimal
    report = target.import_file("purchases", target.root / "file.csv", target.root / "file.yaml")
    assert (report.stored, report.rejected) == (1, 0)
    assert target.rows("SELECT amount FROM receipts") == [(Decimal(stored),)]


@pytest.mark.hostile
@pytest.mark.parametrize("amount", ["1.23,50", "1,234.50", "1.234.50", "1.2345,6", ".234,50", "1,2,3"])
def test_an_amount_of_no_known_form_is_rejected_and_never_another_one(target: ImportTarget, amount: str) -> None:
    (target.root / "file.yaml").write_text('decimal: ","\n', "utf-8")
    header = "member_id;purchased_at;basket_id;product_id;quantity;amount;store_id\n"
    (target.root / "file.csv").write_text(f"{header}1;2017-12-30;b1;p1;1;{amount};s1\n", "utf-8")
    report = target.import_file("purchases", target.root / "file.csv", target.root / "file.yaml")
    assert (report.stored, report.rejected) == (0, 1)


def test_a_day_that_could_be_a_month_is_asked_about(tmp_path: Path) -> None:
    proposal, mapping = proposed("members", "id,register,syntymäaika\n1,owners,1/2/1970\n", tmp_path)
    assert mapping.dates == {"birth_date": "d/M/yyyy"}
    assert proposal.doubts == ("the dates in `birth_date` may be `d/M/yyyy` or `M/d/yyyy`",)


def test_years_of_two_digits_are_asked_about(tmp_path: Path) -> None:
    proposal, mapping = proposed("members", "id,register,syntymäaika\n1,owners,1.2.70\n", tmp_path)
    assert mapping.dates == {}
    assert proposal.doubts == (
        "`birth_date` has years of two digits, which do not tell 1925 from 2025: export them with four",
    )


def test_a_missing_register_is_never_guessed(target: ImportTarget) -> None:
    proposal, mapping = proposed("members", "Jäsennumero\n1\n", target.root)
    assert (mapping.constants, proposal.doubts) == (
        {},
        ("no column is `register`: map one, or give it a value under `constants`",),
    )


PERMISSIONS = [
    *("Markkinointikielto", "Sähköpostilupa", "Reklamförbud", "Opt-out", "Email consent"),
    *(
        "Suoramarkkinointi",
        "Sähköpostimarkkinointi OK",
        "Ei postimainoksia",
        "Uutiskirje",
        "Ei postia",
        "Hyväksyntä",
        "Saa lähettää",
    ),
    *("Direktmarknadsföring", "Nyhetsbrev", "Ingen reklam", "Newsletter", "Marketing allowed", "Robinson"),
]


@pytest.mark.parametrize("ban", PERMISSIONS)
def test_c01_a_permission_or_a_ban_is_neither_mapped_nor_ignored(target: ImportTarget, ban: str) -> None:
    proposal, mapping = proposed("members", f"id,register,{ban}\n1,owners,Kyllä\n", target.root)
    assert ban not in mapping.columns
    assert ban not in mapping.ignore
    assert any(ban in doubt for doubt in proposal.doubts)


@pytest.mark.hostile
def test_c01_a_column_of_yes_and_no_is_never_taken_for_the_name_of_a_choice(tmp_path: Path) -> None:
    proposal, mapping = proposed("choices", "jäsennumero,markkinointilupa\n1,Kyllä\n2,\n3,x\n", tmp_path)
    assert (mapping.columns, mapping.ignore) == ({"jäsennumero": "member_id"}, ())
    assert "`markkinointilupa` may be a permission or a ban" in proposal.doubts[0]


def test_a_column_of_yes_and_no_is_no_date(tmp_path: Path) -> None:
    rows = "1;Kyllä;1.3.2017\n2;E;2.3.2017\n"
    proposal, mapping = proposed("choices", f"jäsennumero;Annettu;Pvm\n{rows}", tmp_path)
    assert mapping.columns == {"jäsennumero": "member_id", "Pvm": "at"}
    assert "`Annettu` may be a permission or a ban: map it to `state`" in proposal.doubts[0]


def test_columns_that_are_not_read_are_named(tmp_path: Path) -> None:
    proposal, mapping = proposed("members", "id,register,Asiakastieto,Huom.\n1,owners,7,\n", tmp_path)
    assert proposal.not_read == mapping.ignore == ("Asiakastieto", "Huom.")


def test_a_header_that_stands_twice_is_told(tmp_path: Path) -> None:
    proposal, _ = proposed("members", "id;register;gsm;gsm;Huom.;Huom.\n1;owners;0401234567;;;\n", tmp_path)
    assert proposal.doubts == ("`gsm` stands in the header twice: rename one of them in the file",)


def test_days_that_a_spreadsheet_counted_are_told_from_dates(tmp_path: Path) -> None:
    proposal, mapping = proposed("members", "id;register;syntymäaika\n1;owners;25627\n2;owners;33000,5\n", tmp_path)
    assert mapping.dates == {}
    assert proposal.doubts == (
        "`birth_date` has numbers of days, as Excel counts them: give the cells a date's format, and export again",
    )


def test_no_value_of_a_member_gets_into_a_proposal(tmp_path: Path) -> None:
    rows = "".join(
        f"{number},owners,28.2.19{number},Nimi{number},nimi{number}@example.org\n" for number in range(10, 60)
    )
    proposal, _ = proposed("members", f"id,register,syntymäaika,kieli,sähköposti\n{rows}", tmp_path)
    assert "28.2" not in proposal.text
    assert "Nimi" not in proposal.text
    assert "@" not in proposal.text
    assert proposal.doubts == ("`language` has more different words than a list: is it the right column?",)


@given(st.lists(HEADER_NAMES, max_size=6))
def test_a_proposal_of_any_header_can_be_read(header: list[str]) -> None:
    class Reader:
        description = "a file"

        def chunks(self, _: object) -> object:
            return iter(())

    reader: Any = Reader()
    reader.header = ("id", *(name.strip() or "x" for name in header))
    kinds, kind = column_kinds("members", CATALOGUE, SETTINGS), FILE_KINDS["members"]
    text = propose_mapping("members", "f", reader, kind.columns(CATALOGUE), kind.required, kinds).text
    mapping = MappingFile.model_validate(parse_yaml(text.encode(), "f").value)
    assert {*mapping.columns, *mapping.ignore} <= {*reader.header}
    assert {*mapping.columns.values()} <= {*kind.columns(CATALOGUE)}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_reads_its_own_example(form: str) -> None:
    assert check_date_form(form) == form
    assert form in matching_forms([example(form)])


def test_words_of_an_undecided_choice_are_ready_to_be_taken(target: ImportTarget) -> None:
    content = "Jäsennumero;Sähköpostilupa\n1;Kyllä\n2;Ei\n"
    proposal, mapping = proposed("choices", content, target.root)
    assert mapping.values == {}
    assert '# values:\n  # state: {Kyllä: "on", Ei: "off"}    # once a column is `state`\n' in proposal.text
    text = proposal.text.replace("  # Sähköpostilupa: state", "  Sähköpostilupa: state").replace("# values:", "values:")
    text = (
        text.replace("  # state: {", "  state: {") + "constants: {choice: email_own, at: 2017-12-01, source: import}\n"
    )
    (target.root / "file.yaml").write_text(text, "utf-8")
    report = target.import_file("choices", target.root / "file.csv", target.root / "file.yaml")
    assert (report.stored, report.rejected) == (2, 0)
