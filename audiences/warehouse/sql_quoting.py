"""SQL quoting of identifiers and literals where a value cannot be bound."""


def name(identifier: str) -> str:
    """Return an identifier as DuckDB writes it."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text literal; for paths and catalogue values, which a view cannot take as bound values."""
    return "'" + value.replace("'", "''") + "'"
