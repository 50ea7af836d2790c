"""Layout of `viesti --help`: commands under headings in the order of use, each with its whole first sentence."""

from typing import Any, Final

import typer
from typer.core import TyperGroup

HEADINGS: Final = {
    "Start": ("init", "demo"),
    "Write campaigns": ("check", "schema", "audience", "preview", "proof", "calibrate"),
    "Plan and send": ("plan", "approve", "send", "run", "publish", "unpublish", "calendar"),
    "Follow and intervene": (
        "status",
        "members",
        "report",
        "coupons",
        "pause",
        "resume",
        "cancel",
        "uncertain",
        "calls",
    ),
    "Members and their data": ("import", "catalogue", "member", "requests", "holdout"),
    "Operate": ("serve", "worker", "mail", "retention", "agent", "audit", "record", "doctor", "db", "ledger"),
}
_OTHER_HEADING: Final = "Others"
_SENTENCE_LIMIT: Final = 1_000  # characters, so that no sentence is cut
_ERROR_PREFIX: Final = "Value error, "  # prefix that Typer's library puts before errors about enum values


class HeadedCommandGroup(TyperGroup):
    """Root command group with headings in its help."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the headings, then any names under no heading."""
        names = super().list_commands(ctx)
        listed = [name for names in HEADINGS.values() for name in names if name in names]
        return listed + [name for name in names if name not in listed]

    def invoke(self, ctx: Any) -> Any:
        """Run the named command; strip the library's prefix from errors about arguments."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix(_ERROR_PREFIX)
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the names with their first sentences, heading by heading."""
        headings = {name: heading for heading, names in HEADINGS.items() for name in names}
        listed: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            sentence = self.commands[name].get_short_help_str(_SENTENCE_LIMIT)
            listed.setdefault(headings.get(name, _OTHER_HEADING), []).append((name, sentence))
        for heading, rows in listed.items():
            with formatter.section(heading):
                formatter.write_dl(rows)
