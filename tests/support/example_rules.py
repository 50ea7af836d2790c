"""The rules of the example files, by the name of their file and, for a variant, of the variant."""

from campaigns.core.model.condition import Condition
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.source import parse_yaml
from tests.support.rule_source import HERE, parsed

FOLDER = HERE.parent / "examples"


def _rules(file: Located) -> dict[str, Located]:
    """The rules of one campaign or audience file, by what they are for."""
    parts = dict(file.entries())
    found = {key: parts[key] for key in ("match", "audience") if key in parts and isinstance(parts[key].value, dict)}
    for variant in parts["variants"].items() if "variants" in parts else ():
        inside = dict(variant.entries())
        if "when" in inside:
            found[str(inside["name"].value)] = inside["when"]
    if "experiment" in parts:
        found["goal"] = parts["experiment"].part("goal")
    return found


def example_rules() -> dict[str, Condition]:
    """Every rule of every example, by `file: what for`."""
    rules: dict[str, Condition] = {}
    for path in sorted(FOLDER.glob("*/*.yaml")):
        file = parse_yaml(path.read_bytes(), path.name)
        rules |= {f"{path.stem}: {name}": parsed(at) for name, at in _rules(file).items()}
    return rules
