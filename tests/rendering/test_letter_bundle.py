"""Bundles of letters: page counts, reproducible bytes and constant memory."""

from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

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
