"""Links of an e-mail led over our own address: counted by link, and by member only where the member allows it."""

from dataclasses import dataclass
from html import escape, unescape
from typing import Final

from campaigns.core.model.enums import Purpose
from campaigns.core.tokens import Way
from campaigns.rendering.email.email_template import EmailTemplate
from campaigns.runs.composing.run_context import Job
from campaigns.runs.composing.template_context import root_of

PATH: Final = "c"
_NEVER: Final = frozenset({Purpose.SERVICE, Purpose.RIGHTS})
"""Messages whose links are nobody's business, not even in sum."""


@dataclass(frozen=True, slots=True)
class Ways:
    """Rewrites the links of one run's e-mails. Our own pages stay as they are, and so does what differs by member."""

    job: Job

    def shared(self, target: str) -> str:
        """A link as it is written, led over us, and counted as one for everybody (C-14, GD-22)."""
        return self._led(target, None)

    def lead(self, html: str, template: EmailTemplate, position: int) -> str:
        """The message of one member, who allows it, with every link led over us."""
        for target in template.targets:
            html = html.replace(f'href="{target}"', f'href="{self._led(target, position)}"')
        return html

    def _led(self, target: str, position: int | None) -> str:
        if self.job.campaign.purpose in _NEVER or unescape(target).startswith(root_of(self.job.settings)):
            return target
        token = self.job.signer.way(Way(self.job.number, position, unescape(target)))
        return escape(f"{root_of(self.job.settings)}/{PATH}/{token}")
