"""Last check before a provider of text messages: only mobile numbers of the countries served get any."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from campaigns.channels.outcome import Outcome, Refused
from campaigns.channels.provider import MessageProvider, OutgoingSms, SearchableProvider
from campaigns.core.model.phone_countries import takes_text_messages
from campaigns.core.model.reasons import EndReason


@dataclass(frozen=True, slots=True)
class ServedCountriesSms:
    """Provider that hands on messages to mobile numbers of `countries`, and refuses the others."""

    provider: MessageProvider[OutgoingSms]
    countries: tuple[str, ...]

    async def open(self) -> None:
        """Open the provider."""
        await self.provider.open()

    async def close(self) -> None:
        """Close the provider."""
        await self.provider.close()

    async def send(self, message: OutgoingSms) -> Outcome:
        """Refuse the message, or hand it on."""
        if not takes_text_messages(message.claimed.address, self.countries):
            return Refused(EndReason.COUNTRY_NOT_SERVED, "not a mobile number of `channels.sms.countries`")
        return await self.provider.send(message)


@dataclass(frozen=True, slots=True)
class SearchableServedCountriesSms(ServedCountriesSms):
    """Provider with the same check, which can search its messages."""

    search: SearchableProvider

    async def find_message(
        self,
        number: str,
        text: str | None,
        since: datetime,
        until: datetime | None = None,
        known_ids: Collection[str] = (),
    ) -> Outcome | None:
        """Search the provider's messages."""
        return await self.search.find_message(number, text, since, until, known_ids)


def limit_to_countries(provider: MessageProvider[OutgoingSms], countries: tuple[str, ...]) -> ServedCountriesSms:
    """Return the provider behind the check."""
    if isinstance(provider, SearchableProvider):
        return SearchableServedCountriesSms(provider, countries, provider)
    return ServedCountriesSms(provider, countries)
