"""Call lists into a folder: who to call and what to say, for people. Nothing here dials."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from campaigns.channels.bundle import Call, CallBundle, Manifest
from campaigns.channels.bundle_folder import BundleFolder, Content
from campaigns.channels.call_dispositions import WORDS
from campaigns.channels.folder_outbox import table

_COLUMNS: Final = ("number", "name", "language", "script", "reference", "answer")
_HOME: Final = "+358"


@dataclass(frozen=True, slots=True)
class FolderPhone(BundleFolder):
    """Hands call lists over as `outbox/<run>/phone-<number>/`: number, name and language, and nothing else known."""

    def prepare(self, bundle: CallBundle) -> Manifest:
        """Write the list and the scripts under a temporary name."""
        return self.write(bundle, _contents(bundle))


def dialled(number: str) -> str:
    """An E.164 number as it is dialled in Finland: with spaces, so that a spreadsheet leaves it a text."""
    if number.startswith(_HOME):
        national = number.removeprefix(_HOME)
        return f"0{national[:2]} {national[2:]}"
    return f"00 {number.removeprefix('+')}"


def _contents(bundle: CallBundle) -> Iterator[Content]:
    calls = sorted(bundle.calls, key=lambda call: (call.script, call.claimed.position))
    yield Content("calls.csv", table(_COLUMNS, map(_row, calls)), len(calls))
    for name, text in sorted(bundle.scripts.items()):
        yield Content(f"{name}.md", text.encode(), 0)
    yield Content("answers.md", _answers().encode(), 0)


def _answers() -> str:
    """What may be written into the column `answer`: a call is answered in any of the three languages."""
    return "".join(f"- {' / '.join(words)}\n" for words in WORDS.values())


def _row(call: Call) -> Sequence[str]:
    claimed = call.claimed
    return dialled(claimed.address), call.name, call.language.value, call.script, claimed.opaque_id, ""
