"""Definition hash of a campaign: one hash over its file, the audiences it uses and its templates."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from campaigns.core.model.audience import Audience
from campaigns.core.model.campaign import Campaign
from campaigns.core.yaml.source import read_yaml
from campaigns.rules.traverse import referenced_audiences


def definition_hash(campaign: Path, audiences: Iterable[Path], templates: Mapping[str, str]) -> str:
    """Return the SHA-256, in hex, of everything that decides which messages are sent.

    `audiences` are the files of `audiences_used`; `templates` are digests of template folders by `channel/name`.
    Comments, layout and the order of keys do not count, so only a change of meaning makes a plan stale. The files are
    hashed, not the values parsed from them: a new default in the code does not invalidate a publication.
    """
    content = {
        "campaign": read_yaml(campaign).value,
        "audiences": {path.stem: read_yaml(path).value for path in audiences},
        "templates": dict(templates),
    }
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_tagged)
    return sha256(canonical.encode()).hexdigest()


def audiences_used(campaign: Campaign, audiences: Mapping[str, Audience]) -> tuple[str, ...]:
    """Return the names of the audiences that a campaign refers to, directly or through others, sorted."""
    goal = campaign.experiment.goal if campaign.experiment else None
    rules = [campaign.audience, goal, *(variant.when for variant in campaign.variants)]
    matches = {name: audience.match for name, audience in audiences.items()}
    used = {name for rule in rules if rule is not None for name in referenced_audiences(rule, matches)}
    return tuple(sorted(used & matches.keys()))


def _tagged(value: object) -> str:
    """Return a decimal or date with its type, to differ from a text that reads the same."""
    return f"{type(value).__name__} {value}"
