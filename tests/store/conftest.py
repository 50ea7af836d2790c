"""Run each test on both ledgers, or on those that a module's DATABASES names."""

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
