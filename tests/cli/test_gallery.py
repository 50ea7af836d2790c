"""Command `preview` without a member: one page with every variant, language and channel, which reaches nothing."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest

from campaigns.core.private_files import loose_paths
from tests.support.sample_campaigns import TWO_VARIANTS
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.shell import MONDAYS, Shell

AS_OF = "2018-01-01T10:00"
RUN = "letter-20180101T0800Z"
LANGUAGES = ("fi", "sv", "en")
EVERY_CHANNEL = """\
purpose: survey
schedule: {cron: "30 9 * * mon"}
audience: {register: owners}
channels: [email, post, phone]
content: {email: hello, post: survey, phone: survey_script}
"""


@pytest.fixture
def letter(viesti: Shell) -> Shell:
    """Shell in a workspace with a campaign of two variants, one of them by two channels."""
    viesti.write("letter", TWO_VARIANTS.replace("audience:", "channels: [email, sms]\naudience:"))
    return viesti


def page_of(answer: dict[str, object]) -> str:
    return Path(str(answer["file"])).read_text("utf-8")


def test_a_gallery_shows_every_variant_channel_and_language(letter: Shell) -> None:
    before = letter.stored_state()
    answer = letter("preview", "letter", "--json").json
    assert (answer["messages"], answer["samples"], answer["members"]) == (9, 9, [])
    assert answer["channels"] == {"email": 6, "sms": 3}
    assert answer["variants"] == {"lapland": 6, "rest": 3}
    assert answer["languages"] == dict.fromkeys(LANGUAGES, 3)
    assert answer["problems"] == []
    page = page_of(answer)
    for variant, channel in (("lapland", "email"), ("lapland", "sms"), ("rest", "email")):
        for language in LANGUAGES:
            name = f"{variant}-{channel}-{language}-sample"
            assert f'id="{name}"' in page
            assert f'href="#{name}"' in page
    assert page.count("<iframe ") == 6 * 3 * 2
    assert {int(width) for width in re.findall(r'<iframe [^>]*width="(\d+)"', page)} == {375, 640, 1024}
    assert (letter.stored_state(), letter.delivered_files()) == (before, [])


def test_a_gallery_tells_why_each_offer_of_a_member_was_chosen(viesti: Shell) -> None:
    offers = "offers: {at_most: 2}\ncontent: {email: offers}\n"
    viesti.write("letter", MONDAYS.replace("content: {email: hello}\n", offers))
    viesti("plan", "letter", "--as-of", AS_OF)
    page = unescape(page_of(viesti("preview", "letter", "--members", "1", "--language", "en", "--json").json))
    (of_member,) = re.findall(r'data-who="member">.*?</article>', page, re.DOTALL)
    assert "Offers and why (2)" in of_member
    assert len(re.findall(r'<span class="reason">\w', of_member)) == 2
    assert '<span class="reason">not by purchases' not in of_member


def test_a_gallery_is_private_and_says_where_it_is(letter: Shell) -> None:
    lines = letter("preview", "letter").out.splitlines()
    file = letter.root / "data" / "previews" / "_galleries" / "letter" / "gallery.html"
    assert lines == [
        str(file),
        "9 messages: 9 of samples; nothing was sent",
        "samples only: the campaign has no plan; `viesti plan letter` makes one",
    ]
    assert list(loose_paths(letter.root / "data" / "previews")) == []


def test_a_page_reaches_nothing_outside(letter: Shell) -> None:
    page = page_of(letter("preview", "letter", "--json").json)
    assert "default-src 'none'" in unescape(page)
    outside = re.sub(r'data-document="[^"]*"', "", page)
    assert set(re.findall(r'\s(?:src|href|action)="([^"#][^"]{0,10})', outside)) <= {"data:image/"}
    for frame in re.findall(r'data-document="([^"]*)"', page):
        html = unescape(frame)
        assert not re.search(r"\shref\s*=", html)
        assert not re.findall(r'\ssrc="(?!data:)', html)
    assert set(re.findall(r'<iframe sandbox="([^"]*)"', page)) == {"allow-same-origin"}  # neither scripts nor forms


def test_each_message_shows_what_its_inbox_and_its_bill_show(letter: Shell) -> None:
    page = page_of(letter("preview", "letter", "--language", "en", "--json").json)
    assert re.search(r'class="subject">[^<]+<', page)
    assert re.search(r'class="preheader[^>]*>[^<]+<', page)
    assert re.search(r"HTML \d+ kB", page)
    assert re.search(r"1 segment<", page)
    assert "data-leads-to=&#34;http" in page or 'data-leads-to="http' in unescape(page)


@pytest.mark.long
def test_letters_are_pictures_of_their_pages_and_calls_are_texts(viesti: Shell) -> None:
    viesti.write("letter", EVERY_CHANNEL)
    answer = viesti("preview", "letter", "--json").json
    assert answer["channels"] == dict.fromkeys(("email", "post", "phone"), 3)
    assert answer["problems"] == []
    page = page_of(answer)
    assert page.count('class="sheet"') >= 3
    assert page.count('<img src="data:image/png;base64,iVBOR') == page.count('class="sheet"')
    assert page.count('<pre class="script"># ') == 3


def test_a_message_that_cannot_be_written_says_why_beside_the_others(letter: Shell) -> None:
    shutil.copytree(letter.root / "templates/email/hello", letter.root / "templates/email/broken")
    texts = letter.root / "templates/email/broken/texts.yaml"
    texts.write_text(
        texts.read_text("utf-8").replace("subject:", "subject: {fi: '{% if %}', sv: x, en: y}\nother:"), "utf-8"
    )
    letter.write(
        "letter",
        (letter.root / "config/campaigns/letter.yaml")
        .read_text("utf-8")
        .replace("rest, email: hello", "rest, email: broken"),
    )
    result = letter("preview", "letter", "--json")
    assert [problem["place"] for problem in result.json["problems"]] == ["rest-email-fi-sample"]
    assert "templates/email/broken/texts.yaml" in result.json["problems"][0]["problem"]
    assert 'class="problem"' in page_of(result.json)
    assert "1 of the messages cannot be written" in letter("preview", "letter").err


# members of a plan


@pytest.fixture
def planned(letter: Shell) -> Shell:
    """Shell in a workspace with a plan of that campaign."""
    letter("plan", "letter", "--as-of", AS_OF)
    return letter


def test_members_are_drawn_by_the_seed_and_every_variant_comes_first(planned: Shell) -> None:
    answer = planned("preview", "letter", "--members", "4", "--json").json
    assert (answer["run"], answer["messages"], len(answer["members"])) == (RUN, 13, 4)
    page = page_of(answer)
    assert {re.search(f'id="(\\w+)-email-.*-m-{member}"', page)[1] for member in answer["members"][:2]} == {
        "lapland", "rest"
    }  # fmt: skip
    again, other = (planned("preview", "letter", "--members", "4", "--seed", seed, "--json").json for seed in "12")
    assert again["members"] == answer["members"] != other["members"]
    assert "personal data" in planned("preview", "letter", "--language", "en").out


def test_each_member_who_is_shown_is_noted_in_the_audit_log(planned: Shell) -> None:
    members = planned("preview", "letter", "--json").json["members"]
    assert len(members) == 3
    for member in members:
        (row,) = planned("audit", "show", "--subject", member, "--json").json
        assert (row["action"], row["detail"]) == ("look_up", {"why": "preview"})


@pytest.mark.long
def test_a25_a_gallery_shows_samples_alone_to_an_account_that_may_not_see_members(
    planned: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SampleWorkspace(planned.root)) as workspace:
        from campaigns.core.model.roles import Role
        from campaigns.people.accounts import staff_accounts

        staff_accounts.add(workspace.engine.context, "liisa", [Role.DESK], "neljä sanaa on hyvä")
    result = planned("preview", "letter")
    assert (
        "9 messages: 9 of samples; nothing was sent\nsamples only: your account may not see members' data" in result.out
    )
    monkeypatch.setattr("campaigns.cli.open_workspace.account", lambda: "liisa")
    assert len(planned("preview", "letter", "--json").json["members"]) == 3


def test_as_of_goes_with_a_member(letter: Shell) -> None:
    assert "it goes with --member" in letter("preview", "letter", "--as-of", "2018-01-05", code=2).err
    answer = letter("preview", "letter", "--member", "m01", "--as-of", AS_OF, "--json").json
    assert (answer["member"], Path(answer["file"]).name) == ("m01", "message.html")


@pytest.fixture
def gallery(workspace: SampleWorkspace) -> Iterator[SampleWorkspace]:
    """Workspace with a plan."""
    workspace.plan("letter", MONDAYS)
    return workspace


def write(workspace: SampleWorkspace, count: int = 60) -> tuple[Path, tuple[str, ...]]:
    from campaigns.core.model.enums import Language
    from campaigns.runs.previews.write_gallery import GalleryRequest, write_gallery

    draft, _ = workspace.engine.context.repository.campaign_definition("letter")
    written = write_gallery(workspace.engine.queries, draft, GalleryRequest(Language.EN, count))
    return written.file, written.gallery.members


def test_gd12_erasing_a_member_deletes_the_galleries_that_show_them(gallery: SampleWorkspace) -> None:
    from campaigns.people.privacy import erasure

    file, members = write(gallery, 3)
    assert json.loads((file.parent / "members.json").read_bytes()) == list(members)
    other = next(member for member in MEMBERS if member not in members)
    erasure.erase(gallery.engine.context, other)
    assert file.exists()
    erasure.erase(gallery.engine.context, members[0])
    assert not file.parent.exists()


@pytest.mark.long
def test_gd13_restricted_and_erased_members_are_never_drawn(gallery: SampleWorkspace) -> None:
    _, members = write(gallery)
    gallery.record_choices(members[0], "restricted")
    gallery.erase(members[1])
    _, later = write(gallery)
    assert set(members) - set(later) == set(members[:2])
