"""The sender's domain as mailbox providers see it: SPF, DKIM, DMARC (DL-02, E-24, E-25)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from campaigns.channels.dkim import ED25519_KEY, RSA_KEY, Published, published
from campaigns.channels.outcome import ChannelMisconfigured
from campaigns.core.model.settings import EmailSettings
from campaigns.operations.doctor.dns import Unanswered
from campaigns.operations.doctor.finding import Finding, fail, ok, warn

_SENDGRID_SELECTORS: Final = ("s1", "s2")
_HIGHEST: Final = 2  # labels above which no policy is looked for


class Texts(Protocol):
    """Where TXT records are found."""

    def texts(self, name: str) -> tuple[str, ...]:
        """Those of a name; raises Unanswered."""


@dataclass(frozen=True, slots=True)
class MailDomain:
    """The checks of one sender of e-mail."""

    email: EmailSettings
    environment: Mapping[str, str]
    resolver: Texts

    @property
    def domain(self) -> str:
        """The domain in the sender's address."""
        return _domain_of(self.email.address)

    def findings(self) -> Iterator[Finding]:
        """SPF, DKIM and DMARC; a name server that does not answer is a warning, since nothing is known then."""
        if self.email.provider == "folder":
            yield ok("mail domain", "not looked at: e-mail goes into a folder")
            return
        for check, look in (("spf", self._spf), ("dkim", self._dkim), ("dmarc", self._dmarc)):
            yield from _asked(check, look)

    def _spf(self) -> Iterator[Finding]:
        """Of the domain that bounces go to; SendGrid's bounces go to a domain of theirs."""
        if self.email.provider == "sendgrid":
            yield ok("spf", "bounces go to SendGrid's own domain, which has its record")
            return
        domain = _domain_of(self.email.smtp.bounces or self.email.address)
        records = [text for text in self.resolver.texts(domain) if text.lower().split(" ")[0] == "v=spf1"]
        if not _is_below(domain, self.domain):
            said = f"bounces go to {domain}, which is not {self.domain}"
            yield warn("spf", said, "let `channels.email.smtp.bounces` be in the sender's domain")
        if len(records) != 1:
            said = f"{domain} has {len(records)} SPF records, and needs one"
            yield fail("spf", said, f'publish a TXT record at {domain}: "v=spf1 … -all"')
        elif records[0].lower().split()[-1] in ("+all", "all"):
            yield fail("spf", f"the record of {domain} lets everybody send", "end it with `-all` or `~all`")
        else:
            yield ok("spf", f"{domain} says who may send for it")

    def _dkim(self) -> Iterator[Finding]:
        if self.email.provider == "sendgrid":
            yield self._sendgrid_dkim()
            return
        settings = self.email.smtp.dkim
        if settings is None:
            said, step = "messages are not signed by us", "`channels.email.smtp.dkim`, unless the mail server signs"
            yield warn("dkim", said, step)
            return
        try:
            keys = published(settings, self.environment.get(RSA_KEY, ""), self.environment.get(ED25519_KEY, ""))
        except ChannelMisconfigured as error:
            yield fail("dkim", str(error), "set the private key in the environment")
            return
        for key in keys:
            yield self._key(f"{key.selector}._domainkey.{settings.domain}", key)

    def _key(self, name: str, key: Published) -> Finding:
        """Whether DNS shows the public half of the key that signs."""
        records = [_tags(text) for text in self.resolver.texts(name)]
        found = [record for record in records if "p" in record]
        record = f'publish a TXT record at {name}: "v=DKIM1; k={key.kind}; p={key.text}"'
        if not found:
            return fail("dkim", f"{name} shows no key", record)
        if len(found) > 1:
            return fail("dkim", f"{name} shows {len(found)} keys", "leave the one that signs")
        shown = found[0]
        if "".join(shown["p"].split()) != key.text or shown.get("k", "rsa") != key.kind:
            return fail("dkim", f"{name} shows another key than the one that signs", record)
        if "y" in shown.get("t", "").split(":"):
            return warn("dkim", f"{name} says that it is being tested", "take `t=y` out of the record")
        return ok("dkim", f"{name} shows the key that signs")

    def _sendgrid_dkim(self) -> Finding:
        names = [f"{selector}._domainkey.{self.domain}" for selector in _SENDGRID_SELECTORS]
        missing = [name for name in names if not any("p" in _tags(text) for text in self.resolver.texts(name))]
        if not missing:
            return ok("dkim", f"{self.domain} is signed for by SendGrid")
        step = "authenticate the domain at SendGrid; with selectors of your own, look at them there"
        return warn("dkim", f"{' and '.join(missing)} shows no key", step)

    def _dmarc(self) -> Iterator[Finding]:
        """The policy of the domain, else of the nearest one above it."""
        labels = self.domain.split(".")
        above = [".".join(labels[start:]) for start in range(max(len(labels) - _HIGHEST, 0) + 1)]
        for domain in above:
            records = [text for text in self.resolver.texts(f"_dmarc.{domain}") if text.startswith("v=DMARC1")]
            if records:
                yield _policy(domain, records)
                return
        step = f'publish a TXT record at _dmarc.{self.domain}: "v=DMARC1; p=none; rua=mailto:…"'
        yield fail("dmarc", f"{self.domain} has no DMARC policy, and large senders need one", step)


def _policy(domain: str, records: list[str]) -> Finding:
    policy = _tags(records[0]).get("p", "")
    if len(records) > 1 or policy not in ("none", "quarantine", "reject"):
        return fail(
            "dmarc", f"_dmarc.{domain} has no single record with a policy", "`p=none`, `quarantine` or `reject`"
        )
    return ok("dmarc", f"the policy of {domain} is `{policy}`")


def _asked(check: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except Unanswered as error:
        yield warn(check, f"could not be looked at: {error}", "look again from a machine that reaches a name server")


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _is_below(domain: str, above: str) -> bool:
    return domain == above or domain.endswith(f".{above}") or above.endswith(f".{domain}")
