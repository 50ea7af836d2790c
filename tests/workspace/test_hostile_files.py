"""Randomly changed files: loaded, or refused with positions, and never a traceback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.core.errors import UserError
from campaigns.core.yaml.source import read_yaml
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.audience_file import load_audience
from campaigns.workspace.brand_file import load_brand
from campaigns.workspace.campaign_file import load_campaign
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.offers_file import load_offers
from campaigns.workspace.settings_file import load_settings
from campaigns.workspace.source_excerpt import source_excerpt
from tests.support.examples import examples

TESTS: Final = Path(__file__).parents[1]
CONFIG: Final = TESTS.parent / "config"
CATALOGUE: Final = load_catalogue(CONFIG / "catalogue.yaml")
VOCABULARY: Final = RuleVocabulary(CATALOGUE, audiences=frozenset({"active_members", "beauty_buyers"}))

LOADERS: Final[dict[Path, Callable[[Path], object]]] = {
    **{path: lambda path: load_campaign(path, VOCABULARY) for path in sorted(TESTS.glob("examples/campaigns/*.yaml"))},
    **{path: lambda path: load_audience(path, VOCABULARY) for path in sorted(TESTS.glob("examples/audiences/*.yaml"))},
    CONFIG / "settings.yaml": load_settings,
    CONFIG / "brand.yaml": load_brand,
    CONFIG / "offers.yaml": lambda path: load_offers(path, CATALOGUE),
    CONFIG / "catalogue.yaml": load_catalogue,
}
CONTENTS: Final = {path: json.loads(json.dumps(read_yaml(path).value, default=str)) for path in LOADERS}
CONTENTS[CONFIG / "offers.yaml"]["offers"] = CONTENTS[CONFIG / "offers.yaml"]["offers"][:3]

SCALARS: Final = (
    st.none()
    | st.booleans()
    | st.integers(-(10**29), 10**29)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["2018-01-05", "7 days", "5 percent", "email", "marketing", "everyone", "0 9 * * *", "en"])
)
VALUES: Final = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["all", "en", "when", "x"]), inner),
    max_leaves=6,
)


def _mutated(data: st.DataObject, value: object) -> object:
    """Return a copy with one value, at any depth, replaced, removed or added."""
    if not isinstance(value, dict | list) or not value or data.draw(st.integers(0, 4)) == 0:
        return data.draw(VALUES)
    if isinstance(value, list):
        index = data.draw(st.integers(0, len(value) - 1))
        return [*value[:index], _mutated(data, value[index]), *value[index + data.draw(st.integers(0, 1)) :]]
    key = data.draw(st.sampled_from(sorted(value)))
    unchanged = {name: value[name] for name in value if name != key}
    new = data.draw(st.just(key) | st.sampled_from(["name", "content", "variants", "channels", "newsletter", "ä b"]))
    return {**unchanged, new: _mutated(data, value[key])}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(100))
@given(path=st.sampled_from(sorted(LOADERS)), data=st.data())
def test_a_randomly_changed_file_is_loaded_or_refused_with_positions(
    path: Path, data: st.DataObject, tmp_path: Path
) -> None:
    content: object = CONTENTS[path]
    for _ in range(data.draw(st.integers(1, 3))):
        content = _mutated(data, content)
    text = json.dumps(content, ensure_ascii=False, indent=1)
    file = tmp_path / path.name
    file.write_text(text)
    try:
        LOADERS[path](file)
    except UserError as error:
        problems = error.problems
    else:
        problems = ()
    assert all(source_excerpt(problem, text) for problem in problems)
    assert not [problem for problem in problems if problem.code == "unfit"]  # every error type has a message
