"""Lists of offers that say nothing when there are none."""

from pathlib import Path

import pytest

from campaigns.rendering.checks.offer_lists import (
    ALL_OFFERS,
    bare_offer_lists,
    number_of_offers,
    shows_offer_pictures,
    shows_offers,
)
from tests.support.template_folders import SETTINGS, folder_of, html

LIST = "{% for offer in offers %}{{ offer.title }}{% endfor %}"


@pytest.mark.parametrize(
    "text",
    [
        LIST,
        f"{{% if arm %}}{LIST}{{% endif %}}",
        f"{{% if offers %}}x{{% endif %}}{LIST}",
        f"{{% with x = 1 %}}{LIST}{{% endwith %}}",
    ],
)
def test_a_list_that_nothing_guards_is_bare(text: str, tmp_path: Path) -> None:
    (problem,) = bare_offer_lists(folder_of(tmp_path, {"body.txt": text}), SETTINGS)
    assert problem.place.file == "templates/email/trial/body.txt"


@pytest.mark.parametrize(
    "text",
    [
        f"{{% if offers %}}{LIST}{{% endif %}}",
        f"{{% if arm and offers|length > 1 %}}{LIST}{{% endif %}}",
        f"{{% if not offers %}}Tervetuloa{{% else %}}{LIST}{{% endif %}}",
        LIST.replace("{% endfor %}", "{% else %}Tervetuloa{% endfor %}"),
        "{% for letter in member.first_name %}{{ letter }}{% endfor %}",
    ],
)
def test_a_list_is_guarded_by_a_condition_about_offers_or_an_else(text: str, tmp_path: Path) -> None:
    assert bare_offer_lists(folder_of(tmp_path, {"body.txt": text}), SETTINGS) == []


def test_what_a_template_shows_of_offers_is_read_from_its_files(tmp_path: Path) -> None:
    plain = folder_of(tmp_path, {}, "plain")
    titles = folder_of(tmp_path, {"body.txt": LIST}, "titles")
    pictures = folder_of(
        tmp_path, html('{% for o in offers %}<img src="{{ o.image }}" alt="">{% endfor %}'), "pictures"
    )
    assert [shows_offers(folder) for folder in (plain, titles, pictures)] == [False, True, True]
    assert [shows_offer_pictures(folder) for folder in (plain, titles, pictures)] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Hei", 0),
        ("{% if offers %}{{ offers|first }}{% endif %}", 1),
        ("{% with offer = offers|first %}{{ offer.title }}{% endwith %}", 1),
        ("{{ offers[0].title }} {{ offers[2].title }}", 3),
        ("{%- for offer in offers %}{{ offer.title }}{% endfor %}", ALL_OFFERS),
        (
            "{% if offers %}{{ offers[0].title }}{% endif %}{% for offer in offers[1:] %}{{ offer.title }}{% endfor %}",
            ALL_OFFERS,
        ),
    ],
)
def test_a_message_that_names_only_the_best_offers_shows_no_more(text: str, number: int, tmp_path: Path) -> None:
    assert number_of_offers(folder_of(tmp_path, {"body.txt": text})) == number
