"""Names and texts as they are written into SQL, where a value cannot be bound."""


def name(identifier: str) -> str:
    """An identifier as DuckDB writes it."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text literal; for paths and the catalogue's values, which a view cannot take as bound values."""
    return "'" + value.replace("'", "''") + "'"
