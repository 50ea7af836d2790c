"""What a campaign is in the end: one hash over its file, the audiences it uses and its templates."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from campaigns.loading.yaml_source import read_yaml
from campaigns.rules.tree import audiences_in
from campaigns.spec.audience import Audience
from campaigns.spec.campaign import Campaign


def definition_hash(campaign: Path, audiences: Iterable[Path], templates: Mapping[str, str]) -> str:
    """The sha256, in hex, of everything that decides what is sent.

    `audiences` are the files of `audiences_used`, `templates` digests of template folders by `channel/name`. Comments,
    layout and the order of keys take no part, so only a change of meaning makes a plan stale. The files are hashed
    and not the values read from them, so that a new default of ours does not undo what was published.
    """
    content = {
        "campaign": read_yaml(campaign).value,
        "audiences": {path.stem: read_yaml(path).value for path in audiences},
        "templates": dict(templates),
    }
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_tagged)
    return sha256(canonical.encode()).hexdigest()


def audiences_used(campaign: Campaign, audiences: Mapping[str, Audience]) -> tuple[str, ...]:
    """The names of the audiences that a campaign refers to, directly or through others, by name."""
    goal = campaign.experiment.goal if campaign.experiment else None
    rules = [campaign.audience, goal, *(variant.when for variant in campaign.variants)]
    matches = {name: audience.match for name, audience in audiences.items()}
    used = {name for rule in rules if rule is not None for name in audiences_in(rule, matches)}
    return tuple(sorted(used & matches.keys()))


def _tagged(value: object) -> str:
    """A decimal or a date, told apart from a text that reads the same."""
    return f"{type(value).__name__} {value}"
