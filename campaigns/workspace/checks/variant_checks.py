"""Checks of a campaign's variants: each is reachable, has its own name and existing templates."""

from collections.abc import Iterator

from campaigns.core.errors import Problem, closest_match
from campaigns.core.model.enums import Channel
from campaigns.workspace.campaign_source import CampaignSource, error, warning


def check_content_or_variants(source: CampaignSource) -> Iterator[Problem]:
    """Require exactly one of `content` and `variants`."""
    content, variants = source.file.content, source.file.variants
    if content is not None and variants is not None:
        hint = "keep `content` for one template a channel, `variants` for several"
        yield error(
            source.part_or_file("variants"), "both `content` and `variants` are given", "content_and_variants", hint
        )
    if content is None and variants is None:
        message = "`content` or `variants` is required here"
        yield error(source.at, message, "missing", "add `content: {email: my_template}`")


def check_variants_have_templates(source: CampaignSource) -> Iterator[Problem]:
    """Refuse a variant without a template."""
    for variant, at in zip(source.variants, source.variant_locations(), strict=True):
        if not any(variant.template(channel) for channel in Channel):
            message = f"the variant `{variant.name}` names no template"
            yield error(at, message, "no_template", "add one, such as `email: my_template`")


def check_templates_exist(source: CampaignSource) -> Iterator[Problem]:
    """Refuse templates that the workspace does not have, for every channel of the campaign."""
    if source.templates is None:
        return
    for variant, at in zip(source.variants, source.variant_locations(), strict=True):
        for channel in source.channels:
            name, known = variant.template(channel), source.templates[channel]
            if name is not None and name not in known:
                hint = closest_match(name, known) or f"make the folder templates/{channel}/{name}"
                message = f"there is no template `{name}` for `{channel}`"
                yield Problem(at.part(channel.value).place, message, "unknown_template", hint)


def check_variant_names_unique(source: CampaignSource) -> Iterator[Problem]:
    """Refuse two variants of the same name: reports tell them apart by name."""
    seen: set[str] = set()
    for variant, at in zip(source.variants, source.variant_locations(), strict=True):
        if variant.name in seen:
            message = f"two variants are called `{variant.name}`"
            yield error(at.part("name"), message, "duplicate_variant", "give each its own name")
        seen.add(variant.name)


def check_variants_reachable(source: CampaignSource) -> Iterator[Problem]:
    """Refuse variants after the first one without `when`, which takes all remaining members."""
    variants, places = source.variants, source.variant_locations()
    open_ended = next((index for index, variant in enumerate(variants) if variant.when is None), None)
    if open_ended is None:
        if variants:
            message = "a member for whom no `when` is true gets nothing (`missing_variant`)"
            hint = "let the last variant have no `when`, unless that is meant"
            yield warning(places[-1].part("when"), message, "no_last_variant", hint)
        return
    for variant, at in zip(variants[open_ended + 1 :], places[open_ended + 1 :], strict=True):
        message = f"the variant `{variant.name}` is never reached: `{variants[open_ended].name}` above has no `when`"
        yield error(at, message, "unreachable_variant", "move the variant without `when` to the end")
