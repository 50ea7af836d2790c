"""What a member has said, as one value: the fold of the record of choices. No I/O."""

from dataclasses import dataclass

from campaigns.spec.words import NEWSLETTER_PREFIX, Choice, Register


@dataclass(frozen=True, slots=True)
class Stance:
    """The choices that are on, the newsletters subscribed to, and what was once allowed and then withdrawn.

    `withdrawn` names choices as the record does: `email_own`, `newsletter:beauty`. A member who has said nothing
    has the empty stance.
    """

    on: frozenset[Choice] = frozenset()
    newsletters: frozenset[str] = frozenset()
    withdrawn: frozenset[str] = frozenset()
    register: Register = Register.CUSTOMERS

    def is_on(self, choice: str) -> bool:
        """Whether a choice, named as the record names it, is on."""
        if choice.startswith(NEWSLETTER_PREFIX):
            return choice.removeprefix(NEWSLETTER_PREFIX) in self.newsletters
        return Choice(choice) in self.on
