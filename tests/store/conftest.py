"""Every promise here is held by both ledgers, or by the one that a module's DATABASES names."""

from tests.support.ledgers import (
    address,
    bare,
    empty_file,
    ledger,
    postgresql_copies,
    pytest_generate_tests,
    workspace,
)

__all__ = ["address", "bare", "empty_file", "ledger", "postgresql_copies", "pytest_generate_tests", "workspace"]
