"""Links of an e-mail led over our own address: counted by link, and by member only where the member allows it."""

from dataclasses import dataclass, field
from html import escape, unescape
from typing import Final

from campaigns.dispatch.context import root_of
from campaigns.dispatch.job import Job
from campaigns.rendering.email import EmailTemplate
from campaigns.spec.words import Purpose
from campaigns.tokens import Way

PATH: Final = "c"
_NEVER: Final = frozenset({Purpose.SERVICE, Purpose.RIGHTS})
"""Messages whose links are nobody's business, not even in sum."""


@dataclass(frozen=True)
class Ways:
    """Rewrites the links of one run's e-mails. Our own pages stay as they are, and so does what differs by member."""

    job: Job
    _shared: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def lead(self, html: str, template: EmailTemplate, position: int | None) -> str:
        """The message with its links led over us; `position` None: as one for everybody (C-14, GD-22)."""
        if self.job.campaign.purpose in _NEVER:
            return html
        for target in template.targets:
            if not unescape(target).startswith(root_of(self.job.settings)):
                html = html.replace(f'href="{target}"', f'href="{self._way(target, position)}"')
        return html

    def _way(self, target: str, position: int | None) -> str:
        if position is not None:
            return self._written(target, position)
        if target not in self._shared:
            self._shared[target] = self._written(target, None)
        return self._shared[target]

    def _written(self, target: str, position: int | None) -> str:
        token = self.job.signer.way(Way(self.job.number, position, unescape(target)))
        return escape(f"{root_of(self.job.settings)}/{PATH}/{token}")
