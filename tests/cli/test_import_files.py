"""`viesti import`: other systems' files, proposals of mappings, exit codes and what the report says."""

from pathlib import Path

import pytest

from tests.support.shell import Shell

FINNISH = "Jäsennumero;Etunimi;Syntymäaika\nn1;Äinö;28.2.1970\nn2;Örjan;1.12.1980\n"


def write(folder: Path, name: str, content: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content.encode(encoding))
    return path


def test_a_foreign_file_is_imported_through_its_proposal(viesti: Shell, tmp_path: Path) -> None:
    file = write(tmp_path, "jasenet.csv", FINNISH, "cp1252")
    refused = viesti("import", "members", file, code=1)
    assert "this is CSV in Windows-1252, separated by semicolons; columns found: `Jäsennumero`" in refused.err
    assert "`viesti import members FILE --propose` writes a mapping" in refused.err
    mapping = viesti.root / "config" / "mappings" / "members-jasenet.yaml"
    proposed = viesti("import", "members", file, "--propose").out.splitlines()
    assert proposed == [
        "this is CSV in Windows-1252, separated by semicolons",
        f"wrote {mapping}",
        "  not sure: no column is `register`: map one, or give it a value under `constants`",
        f"next: read it, then viesti import members {file} --mapping {mapping}",
    ]
    imported = viesti("import", "members", file, "--mapping", mapping, "--constant", "register=owners")
    assert imported.out == (
        "this is CSV in Windows-1252, separated by semicolons\n2 rows: 2 stored, 0 unchanged, 0 rejected\n"
    )


def test_a_proposal_replaces_a_mapping_only_by_force(viesti: Shell, tmp_path: Path) -> None:
    file = write(tmp_path, "jasenet.csv", FINNISH)
    viesti("import", "members", file, "--propose")
    mapping = viesti.root / "config" / "mappings" / "members-jasenet.yaml"
    mapping.write_text("ignore: [Etunimi]\n", "utf-8")
    assert "[mapping_exists]" in viesti("import", "members", file, "--propose", code=1).err
    assert mapping.read_text("utf-8") == "ignore: [Etunimi]\n"
    viesti("import", "members", file, "--propose", "--force")
    assert "Jäsennumero: member_id" in mapping.read_text("utf-8")


def test_a_file_whose_rows_are_all_rejected_exits_with_1_and_says_why(viesti: Shell, tmp_path: Path) -> None:
    file = write(tmp_path, "members.csv", "member_id,register,birth_date\nn1,owners,28.2.1970\nn2,owners,1.12.1980\n")
    before = viesti.stored_state()
    result = viesti("import", "members", file, code=1)
    assert result.out.splitlines()[:2] == [
        "2 rows: 0 stored, 0 unchanged, 2 rejected",
        "  2 rows, `birth_date`: not a date like 2017-12-31 (first in line 2)",
    ]
    assert result.out.splitlines()[-1].startswith("nothing was imported: every row was rejected")
    assert viesti("import", "members", file, "--json", code=1).json["reasons"] == [
        {"column": "birth_date", "reason": "not a date like 2017-12-31", "rows": 2, "first_line": 2}
    ]
    assert viesti.stored_state() == before


def test_a_time_in_the_future_names_the_clock_of_the_settings(viesti: Shell, tmp_path: Path) -> None:
    file = write(tmp_path, "members.csv", "member_id,register,birth_date\nn1,owners,2099-01-01\n")
    result = viesti("import", "members", file, code=1)
    assert (
        "`birth_date`: lies in the future: now it is 2018-01-01 10:00 by `clock: {start: ...}` of config" in result.out
    )


def test_a_file_with_a_header_alone_says_so(viesti: Shell, tmp_path: Path) -> None:
    file = write(tmp_path, "members.csv", "member_id,register\n")
    assert viesti("import", "members", file).out.splitlines() == [
        "0 rows: 0 stored, 0 unchanged, 0 rejected",
        "the file has a header, and no rows below it",
    ]


def test_lines_of_unknown_members_and_products_are_counted_and_stored(viesti: Shell, tmp_path: Path) -> None:
    header = "member_id,purchased_at,basket_id,product_id,quantity,amount,store_id\n"
    file = write(tmp_path, "lines.csv", f"{header}nobody,2017-12-30 10:00,b77,nothing,1,1.00,s1\n")
    assert viesti("import", "purchases", file).out.splitlines() == [
        "1 row: 1 stored, 0 unchanged, 0 rejected",
        "1 row names a member (`member_id`) that was never imported: stored nevertheless",
        "1 row names a product (`product_id`) that was never imported: stored nevertheless",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "members", "members.csv", "--constant", "register"),
        ("import", "members", "members.csv", "--constant", "=owners"),
    ],
    ids=" ".join,
)
def test_options_that_mean_nothing_are_a_wrong_command_line(viesti: Shell, arguments: tuple[str, ...]) -> None:
    assert "Usage: viesti" in viesti(*arguments, code=2).err


def test_a_missing_mapping_is_a_user_error(viesti: Shell, tmp_path: Path) -> None:
    file = write(tmp_path, "members.csv", "member_id,register\nn1,owners\n")
    result = viesti("import", "members", file, "--mapping", tmp_path / "none.yaml", code=1)
    assert "there is no such mapping [file_missing]" in result.err
    assert "--propose" in result.err


def test_a_constant_that_the_file_has_is_refused(viesti: Shell, tmp_path: Path) -> None:
    file = write(tmp_path, "choices.csv", "member_id,choice,state,at,source\nm1,no_marketing,on,2017-12-01,import\n")
    result = viesti("import", "choices", file, "--constant", "state=off", code=1)
    assert "--constant: the file has values for `state`" in result.err


def test_a_finnish_price_feed_is_proposed_and_imported(viesti: Shell) -> None:
    header = "Tuotekoodi;Tuotenimi;Tuotenimi sv;Tuotenimi en;Mainosteksti;Reklamtext;Description;Hinta;Alkaa;Päättyy"
    row = "a1;Juusto;Ost;Cheese;Hyvää;Gott;Good;2,50 €;1.12.2017;31.1.2018"
    (viesti.root / "hinnasto.csv").write_text(
        f"{header};Osasto;Tuoteryhmä;Kuva\n{row};FOOD;COFFEE;offers/cheese.png\n", "cp1252"
    )
    assert "not sure" not in viesti("import", "offers", viesti.root / "hinnasto.csv", "--propose").out
    mapping = viesti.root / "config" / "mappings" / "offers-hinnasto.yaml"
    report = viesti("import", "offers", viesti.root / "hinnasto.csv", "--mapping", mapping).out
    assert "1 row: 1 stored, 0 unchanged, 0 rejected" in report
    assert "valid_to: 2018-01-31" in (viesti.root / "config" / "offers.yaml").read_text("utf-8")


def test_a_name_in_a_file_never_commands_the_terminal(viesti: Shell) -> None:
    (viesti.root / "m.csv").write_bytes(b"member_id,register,\x1b]0;title\x07\n1,owners,a\n")
    refused = viesti("import", "members", viesti.root / "m.csv", code=1)
    proposed = viesti("import", "members", viesti.root / "m.csv", "--propose")
    assert "]0;title" in refused.err
    assert "]0;title" in proposed.out
    assert not set("\x1b\x07") & set(refused.err + proposed.out)


def test_one_value_is_told_in_the_singular(viesti: Shell) -> None:
    (viesti.root / "m.csv").write_text("member_id,register,email,postal_code\nm9,owners,aino,100\n", "utf-8")
    told = viesti("import", "members", viesti.root / "m.csv").out
    assert "1 value was left out of a row that was stored\n" in told
    assert "1 postal code got back the zeros that a spreadsheet had dropped\n" in told
