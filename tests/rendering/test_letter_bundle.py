"""Bundles of letters: page counts, reproducible bytes and constant memory."""

from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from campaigns.rendering.letters.joined_pdf import JoinedPdf
from tests.support.sample_letters import WHEN, address, sample, template

pytestmark = pytest.mark.child_process


def test_many_letters_are_one_file_with_a_page_count_for_each():
    letter = template("survey")
    filled = [letter.fill(sample("survey", first_name=name), address(first_name=name)) for name in ("Aino", "Eino")]
    bundle = letter.render_bundle(filled, WHEN)
    pages = PdfReader(BytesIO(bundle.pdf)).pages
    assert bundle.page_counts == (2, 2)
    assert len(pages) == 4
    assert "Aino Näkkäläjärvi" in pages[0].extract_text()
    assert "Eino Näkkäläjärvi" in pages[2].extract_text()
    assert "Näkkäläjärvi" not in pages[1].extract_text()


def test_the_same_letters_give_the_same_bytes():
    first, second = (
        template("owner_post").render_bundle([template("owner_post").fill(sample("owner_post"), address())], WHEN)
        for _ in range(2)
    )
    assert first == second


@pytest.mark.long
def test_many_bundles_use_no_more_memory_than_one():
    letter = template("win_back")

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def bundle(number):
        filled = [letter.fill(sample("win_back", first_name=f"A{number}x{i}"), address()) for i in range(25)]
        assert len(letter.render_bundle(filled, WHEN).page_counts) == 25

    bundle(0)
    before = resident()
    for number in range(1, 5):
        bundle(number)
    assert resident() - before < 25_000_000  # a leak would add about fifteen megabytes a bundle


def test_pr04_a_bundle_is_one_pdf_a_2b_with_each_font_once():
    letter = template("owner_post")
    names = ("Aino", "Aino", "Eino", "Eino")
    pdf = letter.render_bundle(
        [letter.fill(sample("owner_post", first_name=name), address(first_name=name)) for name in names], WHEN
    ).pdf
    reader = PdfReader(BytesIO(pdf), strict=True)
    root = reader.trailer["/Root"]
    metadata = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert "<xmpTPg:NPages>8</xmpTPg:NPages>" in metadata
    assert [str(intent["/S"]) for intent in (entry.get_object() for entry in root["/OutputIntents"])] == ["/GTS_PDFA1"]
    assert not {"/AcroForm", "/AF", "/Names", "/OpenAction", "/Outlines"} & set(root)
    assert all(identifier.original_bytes.decode() in metadata for identifier in reader.trailer["/ID"])
    fonts = [
        [resources.raw_get(name).idnum for name in resources]
        for resources in (page["/Resources"]["/Font"] for page in reader.pages)
    ]
    assert fonts[0:2] == fonts[2:4]
    assert fonts[4:6] == fonts[6:8]
    assert len({page.indirect_reference.idnum for page in reader.pages}) == 8


def test_a_bundle_grows_by_less_than_half_of_what_single_letters_take():
    letter = template("owner_post")
    filled = [
        letter.fill(sample("owner_post", first_name=f"Aino{number}"), address(first_name=f"Aino{number}"))
        for number in range(20)
    ]
    single = len(letter.render_bundle(filled[:1], WHEN).pdf)
    assert len(letter.render_bundle(filled, WHEN).pdf) < len(filled) * single / 2


def test_a_letter_in_a_bundle_is_the_letter_alone():
    letter = template("win_back")
    filled = [
        letter.fill(sample("win_back", first_name=name), address(first_name=name)) for name in ("Aino", "Eino", "Outi")
    ]
    together = PdfReader(BytesIO(letter.render_bundle(filled, WHEN).pdf)).pages
    for number, page in enumerate(filled):
        (alone,) = PdfReader(BytesIO(letter.render_bundle([page], WHEN).pdf)).pages
        assert together[number].get_contents().get_data() == alone.get_contents().get_data()


@pytest.mark.parametrize("file", [b"", b"%PDF-1.7\nxref\n", b"no file\nstartxref\n0\n%%EOF\n"])
def test_a_file_that_typst_did_not_write_is_not_joined(file):
    with pytest.raises(ValueError, match="no plain table"):
        JoinedPdf().add(file)
