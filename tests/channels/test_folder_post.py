"""Folder provider of letters: sorted by postal code, every page listed."""

import csv

from campaigns.channels.folder_post import LETTERS_PER_FILE, FolderPost
from campaigns.core.model.enums import Language


def committed_bundle(tmp_path, bundle):
    provider = FolderPost(tmp_path)
    manifest = provider.prepare(bundle)
    provider.commit(bundle.id, manifest.sha256)
    (folder,) = tmp_path.glob("*/post-1")
    with (folder / "addresses.csv").open(encoding="utf-8-sig", newline="") as file:
        return folder, manifest, list(csv.DictReader(file, delimiter=";"))


def test_pr08_letters_of_a_material_are_sorted_by_postal_code(tmp_path, letters):
    recipients = [("33100", Language.FI), ("00100", Language.SV), ("00100", Language.FI), ("20100", Language.FI)]
    folder, _manifest, addresses = committed_bundle(tmp_path, letters(*recipients))
    assert [(row["file"], row["postal_code"]) for row in addresses] == [
        ("owner_post-fi-001.pdf", "00100"),
        ("owner_post-fi-001.pdf", "20100"),
        ("owner_post-fi-001.pdf", "33100"),
        ("owner_post-sv-001.pdf", "00100"),
    ]
    assert (folder / "owner_post-sv-001.pdf").read_bytes() == b"owner_post-sv:opaque0002\n"


def test_the_address_list_names_the_pages_of_each_letter(tmp_path, letters):
    _folder, manifest, addresses = committed_bundle(tmp_path, letters(("00100", Language.FI), ("00200", Language.FI)))
    assert [(row["letter"], row["page"], row["pages"]) for row in addresses] == [("1", "1", "2"), ("2", "3", "2")]
    pdf = next(file for file in manifest.files if file.name.endswith(".pdf"))
    assert (pdf.items, pdf.pages) == (2, 4)


def test_a_large_bundle_is_split_into_several_files(tmp_path, letters):
    recipients = [("00100", Language.FI)] * (LETTERS_PER_FILE + 1)
    _folder, manifest, addresses = committed_bundle(tmp_path, letters(*recipients))
    assert [file.items for file in manifest.files] == [LETTERS_PER_FILE, 1, LETTERS_PER_FILE + 1]
    assert len({row["reference"] for row in addresses}) == LETTERS_PER_FILE + 1


def test_an_address_is_never_a_spreadsheet_formula(tmp_path, letters):
    _folder, _manifest, addresses = committed_bundle(tmp_path, letters())
    assert addresses[0]["row_1"] == "'=Aino"
    assert addresses[0]["row_6"] == ""
