"""Values that the catalogue names for classes of goods, as written, by products column."""

from collections.abc import Collection, Mapping

from campaigns.core.model.goods_classes import ClassifiedGoods


def named_values(classes: Collection[ClassifiedGoods]) -> Mapping[str, tuple[str, ...]]:
    """Return the values of several classes, each once."""
    columns = dict.fromkeys(column for goods in classes for column in goods.values)
    return {
        column: tuple(dict.fromkeys(value for goods in classes for value in goods.values.get(column, ())))
        for column in columns
    }
