"""Named audience."""

from campaigns.core.model.campaign import Identifier, Rule
from campaigns.core.model.localised_text import FrozenModel, Localised, NonEmptyText


class AudienceBase(FrozenModel):
    """Content of an audience file."""

    title: NonEmptyText | Localised
    match: Rule


class Audience(AudienceBase):
    """Rule with a name, used by campaigns and other audiences. `name` is the file's name without its extension."""

    name: Identifier
