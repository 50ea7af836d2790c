"""The list of commands in `viesti --help`: under headings, in the order of use, each with its whole first sentence."""

from typing import Any, Final

import typer
from typer.core import TyperGroup

HEADINGS: Final = {
    "Start": ("demo", "init"),
    "Write campaigns": ("check", "schema", "audience", "preview", "proof", "calibrate"),
    "Plan and send": ("plan", "approve", "send", "run", "publish", "unpublish", "calendar"),
    "Follow and intervene": ("status", "report", "pause", "resume", "cancel", "uncertain", "calls"),
    "Members and their data": ("import", "member", "requests", "holdout"),
    "Operate": ("serve", "worker", "mail", "retention", "agent", "audit", "record", "doctor", "db", "ledger"),
}
_OTHERS: Final = "Others"
_SENTENCE: Final = 1_000  # characters, so that no sentence is cut
_PREFACE: Final = "Value error, "  # said by the library that reads arguments, of every word that is not one of a list


class Headed(TyperGroup):
    """The group of all commands."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names in the order of the headings, and then those that stand under none."""
        present = super().list_commands(ctx)
        listed = [name for names in HEADINGS.values() for name in names if name in present]
        return listed + [name for name in present if name not in listed]

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is named; a wrong argument is said without the library's preface."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix(_PREFACE)
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the names with their sentences, heading by heading."""
        headings = {name: heading for heading, names in HEADINGS.items() for name in names}
        listed: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            sentence = self.commands[name].get_short_help_str(_SENTENCE)
            listed.setdefault(headings.get(name, _OTHERS), []).append((name, sentence))
        for heading, rows in listed.items():
            with formatter.section(heading):
                formatter.write_dl(rows)
