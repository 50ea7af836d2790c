"""What print and phone hand over: bundles of letters or calls, and the manifest that tells every file's hash."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from campaigns.channels.claimed_delivery import Claimed
from campaigns.core.model.enums import Channel, Language


@dataclass(frozen=True, slots=True)
class BundleId:
    """Names one hand-over of a run; `number` counts the run's bundles of the channel from 1."""

    run: str
    channel: Channel
    number: int = 1


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter: where it goes, on which material, and the filled page values that its template reads.

    `material` names template and language (`owner_post-fi`); `address` is the address block, row by row.
    """

    claimed: Claimed
    material: str
    language: Language
    postal_code: str
    address: tuple[str, ...] = field(repr=False)
    page: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of several letters in one PDF, and how many of them each letter has, in order."""

    pdf: bytes
    per_letter: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LetterBundle:
    """The letters of one hand-over. `draw` turns letters of one material into pages; it is called more than once."""

    id: BundleId
    letters: Sequence[Letter]
    draw: Callable[[str, Sequence[Letter]], Pages]
    created_at: datetime
    address_source: str
    approvals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make: the number is the claim's address; `name` is all else that the caller learns."""

    claimed: Claimed
    script: str
    language: Language
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CallBundle:
    """The calls of one hand-over and the text of each script that they name (`survey_script-fi`)."""

    id: BundleId
    calls: Sequence[Call]
    scripts: Mapping[str, str]
    created_at: datetime
    address_source: str
    approvals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One file of a bundle; `items` is the number of letters or calls in it."""

    name: str
    sha256: str
    size: int
    items: int
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that the receiver can check the hand-over against (PR-06)."""

    id: BundleId
    created_at: str
    address_source: str
    approvals: tuple[str, ...]
    items: int
    by_language: Mapping[str, int]
    by_material: Mapping[str, int]
    files: tuple[BundleFile, ...]

    def encoded(self) -> bytes:
        """The manifest as the bytes of `manifest.json`: the same for the same content."""
        return (json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n").encode()

    @property
    def sha256(self) -> str:
        """The hash that the ledger stores before the files get their final name."""
        return hashlib.sha256(self.encoded()).hexdigest()
