"""Checks of what a campaign's messages show beside their words: offers and pictures."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.enums import Channel
from campaigns.core.model.offer import Offer
from campaigns.core.model.settings import Settings
from campaigns.rendering.checks.address_targets import written_addresses
from campaigns.rendering.checks.offer_lists import bare_offer_lists, shows_offer_pictures, shows_offers
from campaigns.rendering.checks.template_values import is_marketing
from campaigns.rendering.email.includes import collect_includes
from campaigns.rendering.email.mjml import MJML_FILE
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.workspace.check_cache import CheckCache
from campaigns.workspace.checks import offer_supply
from campaigns.workspace.checks.offer_supply import OfferUsage
from campaigns.workspace.checks.picture_files import picture_of_address, picture_problems
from campaigns.workspace.template_usage import TemplateLoader, used_templates


@dataclass(frozen=True, slots=True)
class ContentChecks:
    """Checks of offers and pictures; pictures lie below `images`, and may change without their templates."""

    load: TemplateLoader
    settings: Settings
    cache: CheckCache
    images: Path

    def problems(
        self, campaign: Campaign, file: Path, offers: Sequence[Offer], offers_file: Path, due: date | None
    ) -> Iterator[Problem]:
        """Yield the problems of a campaign's offers and pictures; with `due`, whether offers are on sale that day.

        Raise UserError for unreadable templates.
        """
        templates = used_templates(campaign, self.load)
        usages = [
            self._offer_usage(each.variant, each.folder)
            for each in templates
            if is_marketing(campaign.purpose) and shows_offers(each.folder)  # others show none, as another check says
        ]
        yield from offer_supply.offers_not_asked(campaign, file, usages)
        yield from offer_supply.offer_pictures(campaign, usages, offers, offers_file, self.images)
        yield from offer_supply.goal_without_coupon(campaign, offers)
        if due is not None:
            yield from offer_supply.offers_not_on_sale(campaign, file, usages, offers, due)
        for folder in dict.fromkeys(each.folder for each in templates):
            yield from self._written_pictures(folder)

    def _offer_usage(self, variant: str, folder: TemplateFolder) -> OfferUsage:
        check, bare = partial(bare_offer_lists, folder, self.settings), list[Problem]()
        with suppress(UserError):  # which the check of the template reports
            bare = self.cache.get_or_check(f"{folder.channel}-{folder.name}-offers", folder.digest(), check)
        return OfferUsage(variant, folder.channel, folder.name, tuple(bare), shows_offer_pictures(folder))

    def _written_pictures(self, folder: TemplateFolder) -> Iterator[Problem]:
        if folder.channel is not Channel.EMAIL:
            return
        base = str(self.settings.public_url)
        for address in written_addresses(folder, collect_includes(folder, MJML_FILE).values()):
            if (name := picture_of_address(address.text, base)) is not None:
                yield from picture_problems(self.images, name, address.place)
