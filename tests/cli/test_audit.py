"""Commands `audit` and `requests` (A-24, GD-07)."""

import sqlite3
from contextlib import closing

from tests.support.shell import MONDAYS, Shell


def change(viesti: Shell, sql: str) -> None:
    with closing(sqlite3.connect(viesti.root / "data" / "ledger.sqlite")) as ledger:
        ledger.execute(sql)
        ledger.commit()


def test_a24_verify_exits_with_1_and_names_the_changed_row(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS)
    viesti("publish", "letter")
    viesti("publish", "letter")
    intact = viesti("audit", "verify", "--json").json
    assert (intact["fits"], intact["fault"], intact["sealed_now"]) == (True, None, intact["rows"])
    assert "are unchanged" in viesti("audit", "verify", "--kept", intact["seal"]).out
    assert viesti("audit", "verify", "--json").json["sealed_now"] == 0
    change(viesti, f"UPDATE audit SET actor = 'nobody' WHERE seq = {intact['rows']}")
    assert f"row {intact['rows']}: the row was changed" in viesti("audit", "verify", code=1).out
    report = viesti("audit", "verify", "--json", code=1).json
    assert report["fault"] == {"row": intact["rows"], "because": "the row was changed", "seal": None}


def test_an_invalid_seal_is_a_user_error(viesti: Shell) -> None:
    assert "[no_seal]" in viesti("audit", "verify", "--kept", "twelve", code=1).err


def test_a24_audit_rows_are_found_by_member_id_and_hide_it(viesti: Shell) -> None:
    viesti("member", "merge", "m06", "m05", "--approve")
    (row,) = viesti("audit", "show", "--subject", "m05", "--json").json
    assert row["action"] == "merge"
    assert "m05" not in str(row)
    assert "merge" in viesti("audit", "show").out
    assert viesti("audit", "show", "--subject", "m07", "--json").json == []


def test_gd07_open_requests_are_listed_with_their_remaining_days(viesti: Shell) -> None:
    assert viesti("requests", "--json").json == {"requests": [], "processors": []}
    change(
        viesti,
        "INSERT INTO request (member_id, kind, source, words, filed_at, filed_by, due_on) "
        "VALUES ('m05', 'access', 'desk', '=1+1', '2017-12-01 08:00:00.000000', 'aino', '2018-01-03')",
    )
    (row,) = viesti("requests", "--json").json["requests"]
    assert (row["member"], row["due_on"], row["days_left"]) == ("m05", "2018-01-03", 2)
    assert "access" in viesti("requests").out


def test_gd14_a_processor_is_listed_until_its_answer_is_recorded(viesti: Shell) -> None:
    change(
        viesti,
        "INSERT INTO processor_task (member_id, kind, channel, provider, filed_at, due_on) "
        "VALUES ('erased-x', 'erase', 'post', 'folder', '2018-01-01 08:00:00.000000', '2018-02-01')",
    )
    (task,) = viesti("requests", "--json").json["processors"]
    assert (task["processor"], task["kind"], task["messages"]) == ("print_house", "erase", [])
    assert "Processors to be told" in viesti("requests").out
    assert "Processors" not in viesti("requests", "--told", str(task["task"]), "--answer", "held_nothing").out
    assert "[unknown_task]" in viesti("requests", "--told", str(task["task"]), code=1).err


def test_a24_looking_up_a_member_in_the_terminal_is_audited(viesti: Shell) -> None:
    viesti("member", "show", "m05")
    viesti("member", "why", "m05")
    viesti("member", "show", "m99", code=1)
    rows = viesti("audit", "show", "--subject", "m05", "--json").json
    assert [(row["action"], row["detail"]["why"]) for row in rows] == [
        ("look_up", "member why"),
        ("look_up", "member show"),
    ]
    assert len(viesti("audit", "show", "--json").json) == len(rows)
