"""Checks of the sender's domain as mailbox providers see it: SPF, DKIM, DMARC (DL-02, E-24, E-25)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from campaigns.channels.dkim import ED25519_KEY_VARIABLE, RSA_KEY_VARIABLE, DkimRecord, dns_records
from campaigns.channels.outcome import ChannelMisconfiguredError
from campaigns.core.model.settings import EmailSettings
from campaigns.operations.doctor.dns import UnansweredError
from campaigns.operations.doctor.finding import Finding, fail, ok, warn

_SENDGRID_SELECTORS: Final = ("s1", "s2")
_FEWEST_LABELS: Final = 2  # labels; no policy is looked up above


class TxtResolver(Protocol):
    """Source of TXT records."""

    def txt_records(self, name: str) -> tuple[str, ...]:
        """Return the TXT records of a name; raise UnansweredError."""


@dataclass(frozen=True, slots=True)
class MailDomain:
    """Checks of one e-mail sender."""

    email: EmailSettings
    environment: Mapping[str, str]
    resolver: TxtResolver

    @property
    def domain(self) -> str:
        """Return the domain of the sender's address."""
        return _domain_of(self.email.address)

    def findings(self) -> Iterator[Finding]:
        """Check SPF, DKIM and DMARC; a name server without an answer is a warning."""
        if self.email.provider == "folder":
            yield ok("mail domain", "not checked: e-mail goes into a folder")
            return
        for check, check_records in (("spf", self._spf), ("dkim", self._dkim), ("dmarc", self._dmarc)):
            yield from _run_check(check, check_records)

    def _spf(self) -> Iterator[Finding]:
        """Check the domain that bounces go to; SendGrid uses a domain of its own."""
        if self.email.provider == "sendgrid":
            yield ok("spf", "bounces go to SendGrid's own domain, which has its record")
            return
        domain = _domain_of(self.email.smtp.bounces or self.email.address)
        records = [text for text in self.resolver.txt_records(domain) if text.lower().split(" ")[0] == "v=spf1"]
        if not _is_below(domain, self.domain):
            reason = f"bounces go to {domain}, which is not {self.domain}"
            yield warn("spf", reason, "let `channels.email.smtp.bounces` be in the sender's domain")
        if len(records) != 1:
            reason = f"{domain} has {len(records)} SPF records, and needs one"
            yield fail("spf", reason, f'publish a TXT record at {domain}: "v=spf1 … -all"')
        elif records[0].lower().split()[-1] in ("+all", "all"):
            yield fail("spf", f"the record of {domain} allows every sender", "end it with `-all` or `~all`")
        else:
            yield ok("spf", f"{domain} restricts its senders")

    def _dkim(self) -> Iterator[Finding]:
        if self.email.provider == "sendgrid":
            yield self._sendgrid_dkim()
            return
        settings = self.email.smtp.dkim
        if settings is None:
            reason, step = "messages are not signed by us", "`channels.email.smtp.dkim`, unless the mail server signs"
            yield warn("dkim", reason, step)
            return
        try:
            keys = dns_records(
                settings, self.environment.get(RSA_KEY_VARIABLE, ""), self.environment.get(ED25519_KEY_VARIABLE, "")
            )
        except ChannelMisconfiguredError as error:
            yield fail("dkim", str(error), "set the private key in the environment")
            return
        for key in keys:
            yield self._key(f"{key.selector}._domainkey.{settings.domain}", key)

    def _key(self, name: str, key: DkimRecord) -> Finding:
        """Check that DNS shows the public half of the signing key."""
        records = [_tags(text) for text in self.resolver.txt_records(name)]
        key_records = [record for record in records if "p" in record]
        record = f'publish a TXT record at {name}: "v=DKIM1; k={key.key_type}; p={key.public_key}"'
        if not key_records:
            return fail("dkim", f"{name} shows no key", record)
        if len(key_records) > 1:
            return fail("dkim", f"{name} shows {len(key_records)} keys", "leave the one that signs")
        published_record = key_records[0]
        if "".join(published_record["p"].split()) != key.public_key or published_record.get("k", "rsa") != key.key_type:
            return fail("dkim", f"{name} shows another key than the one that signs", record)
        if "y" in published_record.get("t", "").split(":"):
            return warn("dkim", f"{name} is marked as a test", "remove `t=y` from the record")
        return ok("dkim", f"{name} shows the key that signs")

    def _sendgrid_dkim(self) -> Finding:
        names = [f"{selector}._domainkey.{self.domain}" for selector in _SENDGRID_SELECTORS]
        missing = [name for name in names if not any("p" in _tags(text) for text in self.resolver.txt_records(name))]
        if not missing:
            return ok("dkim", f"{self.domain} is signed for by SendGrid")
        step = "authenticate the domain at SendGrid; check selectors of your own there"
        return warn("dkim", f"{' and '.join(missing)} shows no key", step)

    def _dmarc(self) -> Iterator[Finding]:
        """Check the policy of the domain, or of the nearest domain above it."""
        labels = self.domain.split(".")
        domains = [".".join(labels[start:]) for start in range(max(len(labels) - _FEWEST_LABELS, 0) + 1)]
        for domain in domains:
            records = [text for text in self.resolver.txt_records(f"_dmarc.{domain}") if text.startswith("v=DMARC1")]
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


def _run_check(check: str, check_records: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check_records()
    except UnansweredError as error:
        yield warn(check, f"could not be checked: {error}", "check again from a machine that reaches a name server")


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _is_below(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}") or parent.endswith(f".{domain}")
