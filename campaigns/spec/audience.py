"""A named audience."""

from campaigns.spec.campaign import Name, Rule
from campaigns.spec.text import Frozen, Localised


class Audience(Frozen):
    """A rule with a name, for campaigns and other audiences to use."""

    name: Name
    title: str | Localised
    match: Rule
