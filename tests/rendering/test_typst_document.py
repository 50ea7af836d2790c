"""Typst documents of one thread: one compiler draws them, and none sees the files of another."""

import pytest
import typst

from campaigns.core.errors import UserError
from campaigns.rendering.letters.typst import TypstDocument
from tests.support.sample_letters import WHEN


def document(expression, **files):
    sources = {name.replace("_", "."): data for name, data in files.items()}
    return TypstDocument({"main.typ": expression.encode(), **sources})


def test_documents_of_one_thread_are_drawn_by_one_compiler(monkeypatch):
    made, compiler = [], typst.Compiler
    document("warm").render_pdf(WHEN)
    monkeypatch.setattr(typst, "Compiler", lambda *args, **options: made.append(1) or compiler(*args, **options))
    first = document('#read("own.txt")', own_txt=b"one").render_pdf(WHEN)
    second = document('#read("own.txt")', own_txt=b"two").render_pdf(WHEN)
    assert made == []
    assert first != second
    assert document('#read("own.txt")', own_txt=b"one").render_pdf(WHEN) == first


@pytest.mark.parametrize("reading", ['#read("/page.json")', '#import "/page.json": x', '#include "/page.json"'])
def test_a_document_reads_no_file_of_the_document_before_it(reading):
    document('#read("/page.json")', page_json=b"Aino").render_pdf(WHEN)
    with pytest.raises(UserError, match="not found"):
        document(reading).render_pdf(WHEN)


def test_a_document_after_one_that_failed_is_the_same_as_ever():
    before = document("Eino").render_pdf(WHEN)
    with pytest.raises(UserError, match="unknown variable"):
        document("#nothing").render_pdf(WHEN)
    assert document("Eino").render_pdf(WHEN) == before
