"""A named audience."""

from campaigns.core.model.campaign import Name, Rule
from campaigns.core.model.localised_text import Frozen, Localised, Text


class AudienceOutline(Frozen):
    """What an audience file says."""

    title: Text | Localised
    match: Rule


class Audience(AudienceOutline):
    """A rule with a name, for campaigns and other audiences to use. `name` is the file's, without its ending."""

    name: Name
