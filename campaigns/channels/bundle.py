"""Bundles of letters or calls for print houses and call centres, and their manifest with a hash of every file."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from campaigns.channels.claimed_delivery import ClaimedDelivery
from campaigns.core.model.enums import Channel, Language


@dataclass(frozen=True, slots=True)
class BundleId:
    """Name of one bundle of a run; `number` counts the run's bundles of the channel from 1."""

    run: str
    channel: Channel
    number: int = 1


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter: its address, its material, and the filled page values for its template.

    `material` names template and language (`owner_post-fi`); `address` is the address block, row by row.
    """

    claimed: ClaimedDelivery
    material: str
    language: Language
    postal_code: str
    address: tuple[str, ...] = field(repr=False)
    page: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BundlePages:
    """Pages of several letters in one PDF, and the number of pages of each letter, in order."""

    pdf: bytes
    page_counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LetterBundle:
    """Letters of one bundle. `render` turns letters of one material into pages; it is called more than once."""

    id: BundleId
    letters: Sequence[Letter]
    render: Callable[[str, Sequence[Letter]], BundlePages]
    created_at: datetime
    address_source: str
    approvals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """One call to make: the number is the claim's address.

    `name` is the only other thing that the caller learns, unless the template gives a `reason` for the call.
    """

    claimed: ClaimedDelivery
    script: str
    language: Language
    name: str = field(repr=False)
    reason: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class CallBundle:
    """Calls of one bundle, and the text of each script they name (`survey_script-fi`)."""

    id: BundleId
    calls: Sequence[PhoneCall]
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
class BundleManifest:
    """Contents of a bundle, for the receiver to check it against (PR-06)."""

    id: BundleId
    created_at: str
    address_source: str
    approvals: tuple[str, ...]
    items: int
    by_language: Mapping[str, int]
    by_material: Mapping[str, int]
    files: tuple[BundleFile, ...]

    def to_json_bytes(self) -> bytes:
        """Return the bytes of `manifest.json`; the same content gives the same bytes."""
        return (json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n").encode()

    @property
    def sha256(self) -> str:
        """Return the hash that the ledger stores before the files get their final name."""
        return hashlib.sha256(self.to_json_bytes()).hexdigest()
