"""Home stores: forty stores are forty rows; each message shows the one that its member's `home_store` names."""

from campaigns.channels.outcome import Accepted, Outcome
from campaigns.channels.provider import OutgoingEmail
from campaigns.core.model.enums import Purpose
from campaigns.workspace.template_usage import member_variables
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import ScriptedProvider, with_scripted_provider

DATABASES = ["sqlite"]
EMAIL = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""
_MEMBERS_END = "  receipts:\n"
_DECLARED = "{type: text, class: totals, meaning: {fi: x, sv: x, en: x}, source: tests"
_TEXT = (
    "Kauppa:{% if store %} {{ store.name }}{% if store.hours %} {{ store.hours }}{% endif %} {{ store.url }}{% endif %}"
)


def declare_home_store(workspace: SampleWorkspace, extra: str = "") -> None:
    """Declare the members' column `home_store` in the catalogue."""
    path = workspace.root / "config" / "catalogue.yaml"
    column = f"      home_store: {_DECLARED}{extra}}}\n"
    path.write_text(path.read_text("utf-8").replace(_MEMBERS_END, column + _MEMBERS_END, 1), "utf-8")
    workspace.reload()


def show_store(workspace: SampleWorkspace) -> None:
    """Let the text part of the template `hello` show the store."""
    path = workspace.root / "templates" / "email" / "hello" / "body.txt"
    path.write_text(f"{path.read_text('utf-8')}\n{_TEXT}\n", "utf-8")


def import_stores(workspace: SampleWorkspace) -> None:
    """Import forty stores; every member but the last two has one of them, the last but one an unknown one."""
    stores = [
        {"store_id": f"s{number}", "name": f"Puoti {number}", "hours": "", "url": f"https://lahde.example.org/{number}"}
        for number in range(40)
    ]
    workspace.import_rows("stores", stores)
    homes = {member: f"s{number}" for number, member in enumerate(MEMBERS)} | {MEMBERS[-2]: "s99", MEMBERS[-1]: ""}
    rows = [{"member_id": member, "register": "owners", "home_store": store} for member, store in homes.items()]
    workspace.import_rows("members", rows)


def sent_lines(workspace: SampleWorkspace) -> dict[str, str]:
    """Send the campaign; return the line about the store by the address that it went to."""
    lines: dict[str, str] = {}

    def answer(message: OutgoingEmail) -> Outcome:
        lines[message.claimed.address] = next(row for row in message.text.splitlines() if row.startswith("Kauppa:"))
        return Accepted("ref")

    with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("store", EMAIL)
    workspace.import_rows("stores", [{"store_id": "s0", "name": "Nyt toinen"}])
    workspace.send(run)
    return lines


def test_each_message_shows_the_store_of_its_member_as_planned(workspace: SampleWorkspace) -> None:
    declare_home_store(workspace)
    import_stores(workspace)
    show_store(workspace)

    lines = sent_lines(workspace)

    assert lines[f"{MEMBERS[0]}@example.org"] == "Kauppa: Puoti 0 https://lahde.example.org/0"
    assert lines[f"{MEMBERS[21]}@example.org"] == "Kauppa: Puoti 21 https://lahde.example.org/21"
    assert [lines[f"{member}@example.org"] for member in MEMBERS[-2:]] == ["Kauppa:", "Kauppa:"]


def test_a_purpose_that_may_not_use_the_column_has_no_value_of_a_store(workspace: SampleWorkspace) -> None:
    declare_home_store(workspace, ", purposes: [owner_post]")
    catalogue = workspace.engine.context.repository.catalogue

    assert "store.name" not in member_variables(catalogue, Purpose.MARKETING)
    assert "store.name" in member_variables(catalogue, Purpose.OWNER_POST)


def test_a_workspace_without_the_column_has_no_value_of_a_store(workspace: SampleWorkspace) -> None:
    known = member_variables(workspace.engine.context.repository.catalogue, Purpose.MARKETING)
    assert [name for name in known if "store" in name] == []
