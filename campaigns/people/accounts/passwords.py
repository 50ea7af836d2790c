"""Password hashes by argon2id, and how hard a password is to guess; the only module that imports argon2 and zxcvbn."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from threading import Semaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

_HASHER: Final = PasswordHasher()  # second recommended option of RFC 9106: 64 MiB, three passes
MAX_HASHED_AT_ONCE: Final = 4
_HASHING: Final = Semaphore(MAX_HASHED_AT_ONCE)  # each takes 64 MiB, and any stranger can have passwords checked
_MIN_SCORE: Final = 3
"""Of zxcvbn's 0 to 4: at least 100 million guesses."""

_MAX_ESTIMATED: Final = 72
"""Characters that zxcvbn looks at: its time grows with the square."""

_COMMON_WORDS: Final = """
    salasana tunnus tervetuloa kesä kesa talvi syksy kevät kevat suomi helsinki asiakas asiakaspalvelu kauppa
    lösenord losenord välkommen valkommen sommar vinter höst host vår sverige kund kundtjänst butik tammikuu
    helmikuu maaliskuu huhtikuu toukokuu kesäkuu kesakuu heinäkuu heinakuu elokuu syyskuu lokakuu marraskuu
    joulukuu maanantai perjantai viesti
"""
"""Finnish and Swedish words that stand in many passwords; zxcvbn knows the English ones."""


@dataclass(frozen=True, slots=True)
class Weakness:
    """Reason why a password is easy to guess, and the next step."""

    reason: str
    step: str


def find_weakness(password: str, known_words: Iterable[str]) -> Weakness | None:
    """Return why a password is easy to guess; None when it is not.

    `known_words` are words that a stranger tries first: the account's name, the organisation's.
    """
    from zxcvbn import zxcvbn  # its word lists take 50 ms to load

    parts = (part for word in known_words for part in (word, *re.split(r"\W+", word)))
    words = [part.lower() for part in parts if len(part) > 2]
    estimate = zxcvbn(password[:_MAX_ESTIMATED], user_inputs=[*words, *_COMMON_WORDS.split()])
    if estimate["score"] >= _MIN_SCORE:
        return None
    warning, suggestions = estimate["feedback"]["warning"], estimate["feedback"]["suggestions"]
    reason = warning.rstrip(".") or "its words are among the first that a stranger tries"
    step = " ".join(suggestions) or "Add another word or two."
    return Weakness(reason[0].lower() + reason[1:], step[0].lower() + step[1:].rstrip("."))


def hash_password(password: str) -> str:
    """Return the hash of a password, with its own salt and cost."""
    with _HASHING:
        return _HASHER.hash(password)


def verify(password_hash: str | None, password: str) -> bool:
    """Return whether a password matches the hash; takes the same time where there is no hash."""
    expected = password_hash or _dummy_hash()
    try:
        with _HASHING:
            _HASHER.verify(expected, password)
    except VerificationError:
        return False
    return password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Return whether a hash was made at a lower cost than today's."""
    return _HASHER.check_needs_rehash(password_hash)


@lru_cache(maxsize=1)
def _dummy_hash() -> str:
    return hash_password("")
