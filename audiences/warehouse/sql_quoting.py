"""SQL quoting of identifiers and literals where a value cannot be bound."""


def quote_identifier(identifier: str) -> str:
    """Return an identifier as DuckDB writes it."""
    return '"' + identifier.replace('"', '""') + '"'


def quote_literal(value: str) -> str:
    """Return a text literal; for paths and catalogue values, which a view cannot take as bound values."""
    return "'" + value.replace("'", "''") + "'"
