"""Named audience."""

from campaigns.core.model.campaign import Name, Rule
from campaigns.core.model.localised_text import Frozen, Localised, Text


class AudienceOutline(Frozen):
    """Content of an audience file."""

    title: Text | Localised
    match: Rule


class Audience(AudienceOutline):
    """Rule with a name, used by campaigns and other audiences. `name` is the file's name without its extension."""

    name: Name
