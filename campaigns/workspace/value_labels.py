"""Labels of values: names of categories and regions for members, from `config/labels/*.yaml` and price feeds."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from campaigns.core.errors import Problem, UserError, closest_match
from campaigns.core.model.campaign import Identifier
from campaigns.core.model.catalogue import Catalogue, CatalogueColumn
from campaigns.core.model.localised_text import FrozenModel, Localised
from campaigns.core.private_files import inherited_umask
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.source import read_yaml
from campaigns.core.yaml.validate import validate

ColumnLabels = Mapping[str, Mapping[str, Localised]]
"""Labels by value, by column."""

_FEED_FILE: Final = "price_feed.yaml"  # written by the import of offers; files by hand come before it


class LabelsFile(FrozenModel):
    """Labels file with its one key: labels by table, column and value."""

    labels: Mapping[Identifier, Mapping[Identifier, Mapping[str, Localised]]]


def label_files(folder: Path) -> tuple[Path, ...]:
    """Return the label files of a workspace in their order: the first label of a value counts."""
    return tuple(sorted(folder.glob("*.yaml"), key=lambda file: (file.name == _FEED_FILE, file.name)))


def with_labels(catalogue: Catalogue, folder: Path) -> Catalogue:
    """Return the catalogue with the labels of the folder's files; those in the catalogue itself come first.

    A file with a problem gives none.
    """
    for path in label_files(folder):
        file, problems = _read_labels(path, catalogue)
        for table, columns in file.labels.items() if file is not None and not problems else ():
            catalogue = _add_labels(catalogue, table, columns)
    return catalogue


def label_file_problems(catalogue: Catalogue, folder: Path) -> Iterator[Problem]:
    """Yield the problems of the folder's label files."""
    for path in label_files(folder):
        yield from _read_labels(path, catalogue)[1]


def _read_labels(path: Path, catalogue: Catalogue) -> tuple[LabelsFile | None, list[Problem]]:
    problems: list[Problem] = []
    try:
        at = read_yaml(path)
    except UserError as error:
        return None, list(error.problems)
    file = validate(LabelsFile, at, problems)
    if file is not None:
        problems += _problems(file, catalogue, at.part("labels"))
    return file, problems


def write_feed_labels(folder: Path, columns: ColumnLabels) -> None:
    """Write the labels of a price feed's categories; without any, an earlier file goes."""
    path = folder / _FEED_FILE
    if not any(columns.values()):
        path.unlink(missing_ok=True)
        return
    lines = ["# Written by `viesti import offers`: edit the price feed instead.", "labels:", "  products:"]
    for column, labels in sorted(columns.items()):
        lines += [f"    {column}:"] if labels else []
        for value, label in sorted(labels.items()):
            texts = ", ".join(f"{name}: {_quoted(text)}" for name, text in label.model_dump().items())
            lines.append(f"      {_quoted(value)}: {{{texts}}}")
    with inherited_umask():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", "utf-8")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _add_labels(catalogue: Catalogue, table: str, columns: ColumnLabels) -> Catalogue:
    labelled_table = catalogue.tables.get(table)
    if labelled_table is None:
        return catalogue
    labelled = {
        name: column.model_copy(update={"labels": {**columns[name], **column.labels}}) if name in columns else column
        for name, column in labelled_table.columns.items()
    }
    tables = {**catalogue.tables, table: labelled_table.model_copy(update={"columns": labelled})}
    return catalogue.model_copy(update={"tables": tables})


def label_problems(column: CatalogueColumn, labels: Mapping[str, Localised], at: Located) -> Iterator[Problem]:
    """Yield a problem for each label of a value that the column cannot have."""
    values = {value.casefold() for value in column.values}
    for value in labels if values else ():
        if value.casefold() not in values:
            hint = closest_match(value, column.values) or "a value that the catalogue lists"
            message = f"the column has no value `{value}`"
            yield Problem(at.part(value).key_place, message, "unknown_value", hint)


def _problems(file: LabelsFile, catalogue: Catalogue, at: Located) -> Iterator[Problem]:
    for table, columns in file.labels.items():
        if table not in catalogue.tables:
            hint = closest_match(table, catalogue.tables) or "a table of the catalogue"
            yield Problem(at.part(table).key_place, f"there is no table `{table}`", "unknown_table", hint)
            continue
        known = catalogue.tables[table].columns
        for name, labels in columns.items():
            at_column = at.part(table).part(name)
            if name not in known:
                hint = closest_match(name, known) or "a column of the catalogue"
                yield Problem(at_column.key_place, f"`{table}` has no column `{name}`", "unknown_column", hint)
            else:
                yield from label_problems(known[name], labels, at_column)
