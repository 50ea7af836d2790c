"""Sensitive goods in `docs/importing.md`: the example names every class, and is a valid part of a catalogue."""

import re
from pathlib import Path

from campaigns.core.model.goods_classes import RestrictedClass, SpecialClass
from campaigns.workspace.catalogue_file import load_catalogue

ROOT = Path(__file__).parents[2]


def test_example_of_the_page_is_a_valid_part_of_a_catalogue(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "importing.md").read_text("utf-8")
    [example] = re.findall(r"^```text\n(special_when:.*?)^```", page, re.MULTILINE | re.DOTALL)
    catalogue = (ROOT / "config" / "catalogue.yaml").read_text("utf-8")
    before, _, _ = catalogue.partition("    special_when:")
    file = tmp_path / "catalogue.yaml"
    file.write_text(before + "".join(f"    {line}\n" for line in example.splitlines()), "utf-8")
    assert set(load_catalogue(file).classified_goods) == {*SpecialClass, *RestrictedClass}
