"""Password hashes that cost little, in the profile of `make fast` and `make test`: a true one takes 64 MiB."""

from typing import Final

from campaigns.people.accounts import passwords

SHIPPED: Final = passwords._HASHER


def use_cheap_hashes() -> None:
    """Let this process hash passwords at the least cost from now on."""
    passwords._HASHER = type(SHIPPED)(time_cost=1, memory_cost=8, parallelism=1)
