"""Letters as files in a folder: PDFs in the order of postal codes, an address list, a manifest (PR-06, PR-08)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from campaigns.channels.bundle import BundleManifest, Letter, LetterBundle
from campaigns.channels.bundle_folder import BundleContent, BundleFolder
from campaigns.channels.folder_outbox import spreadsheet_csv

LETTERS_PER_FILE: Final = 500  # about two megabytes; print houses refuse files of more than three
_ADDRESS_ROWS: Final = 6
_COLUMNS: Final = (
    "file",
    "letter",
    "page",
    "pages",
    "reference",
    "postal_code",
    *(f"row_{number}" for number in range(1, _ADDRESS_ROWS + 1)),
)


@dataclass(frozen=True, slots=True)
class FolderPost(BundleFolder):
    """Writer of letters as `outbox/<run>/post-<number>/`; the same bundle gives the same bytes."""

    def prepare(self, bundle: LetterBundle) -> BundleManifest:
        """Render and write every file under a temporary name."""
        return self.write(bundle, _contents(bundle))


def _contents(bundle: LetterBundle) -> Iterator[BundleContent]:
    addresses: list[Sequence[str]] = []
    for material, letters in groupby(sorted(bundle.letters, key=_sort_key), key=lambda letter: letter.material):
        for number, part in enumerate(_parts(list(letters)), start=1):
            name = f"{material}-{number:03d}.pdf"
            pages = bundle.render(material, part)
            addresses += _addresses(name, part, pages.page_counts)
            yield BundleContent(name, pages.pdf, len(part), sum(pages.page_counts))
    yield BundleContent("addresses.csv", spreadsheet_csv(_COLUMNS, addresses), len(addresses))


def _sort_key(letter: Letter) -> tuple[str, str, tuple[str, ...], str]:
    return letter.material, letter.postal_code, letter.address, letter.claimed.opaque_id


def _parts(letters: list[Letter]) -> Iterator[list[Letter]]:
    for start in range(0, len(letters), LETTERS_PER_FILE):
        yield letters[start : start + LETTERS_PER_FILE]


def _addresses(file: str, letters: Sequence[Letter], pages: Sequence[int]) -> Iterator[Sequence[str]]:
    """Yield one line a letter: its file, its pages in it, and its address."""
    page = 1
    for number, (letter, count) in enumerate(zip(letters, pages, strict=True), start=1):
        rows = (*letter.address, *("",) * (_ADDRESS_ROWS - len(letter.address)))
        yield (file, str(number), str(page), str(count), letter.claimed.opaque_id, letter.postal_code, *rows)
        page += count
