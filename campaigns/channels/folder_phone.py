"""Call lists and call scripts as files in a folder, for people; nothing here dials."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from campaigns.channels.bundle import BundleManifest, CallBundle, PhoneCall
from campaigns.channels.bundle_folder import BundleContent, BundleFolder
from campaigns.channels.call_dispositions import DISPOSITION_WORDS
from campaigns.channels.folder_outbox import spreadsheet_csv

_COLUMNS: Final = ("number", "name", "language", "script", "reason", "reference", "answer")
_HOME: Final = "+358"


@dataclass(frozen=True, slots=True)
class FolderPhone(BundleFolder):
    """Writer of call lists as `outbox/<run>/phone-<number>/`: number, name, language and the reason."""

    def prepare(self, bundle: CallBundle) -> BundleManifest:
        """Write the list and the scripts under a temporary name."""
        return self.write(bundle, _contents(bundle))


def dialling_format(number: str) -> str:
    """Return an E.164 number in Finnish dialling format, with spaces, so that a spreadsheet keeps it as text."""
    if number.startswith(_HOME):
        national = number.removeprefix(_HOME)
        return f"0{national[:2]} {national[2:]}"
    return f"00 {number.removeprefix('+')}"


def _contents(bundle: CallBundle) -> Iterator[BundleContent]:
    calls = sorted(bundle.calls, key=lambda call: (call.script, call.claimed.position))
    yield BundleContent("calls.csv", spreadsheet_csv(_COLUMNS, map(_row, calls)), len(calls))
    for name, text in sorted(bundle.scripts.items()):
        yield BundleContent(f"{name}.md", text.encode(), 0)
    yield BundleContent("answers.md", _answers().encode(), 0)


def _answers() -> str:
    """Return the accepted values of the column `answer`; any of the three languages may be used."""
    return "".join(f"- {' / '.join(words)}\n" for words in DISPOSITION_WORDS.values())


def _row(call: PhoneCall) -> Sequence[str]:
    claimed = call.claimed
    number, language = dialling_format(claimed.address), call.language.value
    return number, call.name, language, call.script, call.reason, claimed.opaque_id, ""
