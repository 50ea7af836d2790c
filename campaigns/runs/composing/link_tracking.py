"""Link tracking in e-mails: clicks counted by link, and by member only with the member's tracking consent."""

from dataclasses import dataclass
from html import escape, unescape
from typing import Final

from campaigns.core.model.enums import Purpose
from campaigns.core.tokens import TrackedLink
from campaigns.rendering.email.email_template import EmailTemplate
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.composing.template_context import public_base_url

CLICK_PATH: Final = "c"
_UNTRACKED_PURPOSES: Final = frozenset({Purpose.SERVICE, Purpose.RIGHTS})
"""Purposes whose links are not tracked at all, not even in total."""


@dataclass(frozen=True, slots=True)
class LinkTracker:
    """Rewriter of the links in one run's e-mails; links to our own pages and links that differ by member stay."""

    run_context: RunContext

    def shared_link(self, target: str) -> str:
        """Return the tracking link of a target, shared by all recipients (C-14, GD-22)."""
        return self._tracked(target, None)

    def track_links(self, html: str, template: EmailTemplate, position: int) -> str:
        """Return a member's message with tracking links of their own; only with the member's consent."""
        for target in template.shared_links:
            html = html.replace(f'href="{target}"', f'href="{self._tracked(target, position)}"')
        return html

    def _tracked(self, target: str, position: int | None) -> str:
        if self.run_context.campaign.purpose in _UNTRACKED_PURPOSES or unescape(target).startswith(
            public_base_url(self.run_context.settings)
        ):
            return target
        token = self.run_context.signer.tracked_link_token(
            TrackedLink(self.run_context.number, position, unescape(target))
        )
        return escape(f"{public_base_url(self.run_context.settings)}/{CLICK_PATH}/{token}")
