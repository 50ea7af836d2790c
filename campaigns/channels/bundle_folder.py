"""Bundles as folders: written under a temporary name, checked against their manifest, renamed once."""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from campaigns.channels.bundle import BundleFile, BundleId, BundleManifest, CallBundle, Letter, LetterBundle
from campaigns.channels.folder_outbox import run_folder
from campaigns.channels.provider import BrokenBundleError
from campaigns.core.private_files import make_private_folder, write_private

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class BundleContent:
    """One file of a bundle before it is written."""

    name: str
    data: bytes
    items: int
    pages: int = 0


@dataclass(frozen=True, slots=True)
class BundleFolder:
    """Writer of `outbox/<run>/<channel>-<number>/`, first as `.<channel>-<number>.partial`."""

    outbox: Path

    def write(self, bundle: LetterBundle | CallBundle, contents: Iterable[BundleContent]) -> BundleManifest:
        """Write the files one after the other, then their manifest; files of an earlier attempt are removed first."""
        if self._final(bundle.id).exists():
            raise BrokenBundleError(f"{_name(bundle.id)} was handed over already")
        self.discard(bundle.id)
        partial = self._partial(bundle.id)
        make_private_folder(partial)
        files = []
        for content in contents:
            write_private(partial / content.name, content.data, durable=True)
            files.append(_file(content))
        manifest = _manifest(bundle, tuple(files))
        write_private(partial / MANIFEST_FILE, manifest.to_json_bytes(), durable=True)
        return manifest

    def commit(self, bundle: BundleId, sha256: str) -> None:
        """Check every file against the manifest with this hash and give the folder its final name; repeatable."""
        final = self._final(bundle)
        if final.exists():
            _verify(final, sha256)
            return
        try:
            self._rename(bundle, sha256)
        except (BrokenBundleError, FileNotFoundError):
            if not final.exists():  # otherwise another process has just renamed it
                raise
            _verify(final, sha256)

    def _rename(self, bundle: BundleId, sha256: str) -> None:
        partial, final = self._partial(bundle), self._final(bundle)
        if not partial.exists():
            raise BrokenBundleError(f"the files of {_name(bundle)} are gone")
        _verify(partial, sha256)
        partial.rename(final)
        _sync_folder(final.parent)

    def discard(self, bundle: BundleId) -> None:
        """Remove the files written under the temporary name."""
        partial = self._partial(bundle)
        if partial.exists():
            shutil.rmtree(partial)

    def _final(self, bundle: BundleId) -> Path:
        return run_folder(self.outbox, bundle.run) / _name(bundle)

    def _partial(self, bundle: BundleId) -> Path:
        return run_folder(self.outbox, bundle.run) / f".{_name(bundle)}.partial"


def _name(bundle: BundleId) -> str:
    return f"{bundle.channel}-{bundle.number}"


def _file(content: BundleContent) -> BundleFile:
    digest = hashlib.sha256(content.data).hexdigest()
    return BundleFile(content.name, digest, len(content.data), content.items, content.pages)


def _manifest(bundle: LetterBundle | CallBundle, files: tuple[BundleFile, ...]) -> BundleManifest:
    items = bundle.letters if isinstance(bundle, LetterBundle) else bundle.calls
    materials = (item.material if isinstance(item, Letter) else item.script for item in items)
    return BundleManifest(
        id=bundle.id,
        created_at=bundle.created_at.isoformat(),
        address_source=bundle.address_source,
        approvals=bundle.approvals,
        items=len(items),
        by_language=dict(sorted(Counter(item.language.value for item in items).items())),
        by_material=dict(sorted(Counter(materials).items())),
        files=files,
    )


def _verify(folder: Path, sha256: str) -> None:
    """Raise BrokenBundleError unless the folder holds the manifest with this hash and exactly the files it lists."""
    listed = _listed_files(folder, sha256)
    present = {file.name: _digest(file) for file in folder.iterdir() if file.name != MANIFEST_FILE}
    if present != {file.name: file.sha256 for file in listed}:
        raise BrokenBundleError(f"the files of {folder.name} are not those of its manifest")


def _sync_folder(folder: Path) -> None:
    """Flush a folder to disk, so that a rename in it survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _listed_files(folder: Path, sha256: str) -> list[BundleFile]:
    file = folder / MANIFEST_FILE
    if not file.is_file() or _digest(file) != sha256:
        raise BrokenBundleError(f"the manifest of {folder.name} is not the one that was agreed")
    return [BundleFile(**values) for values in json.loads(file.read_bytes())["files"]]


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
