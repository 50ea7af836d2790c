"""Rules of the example files, by file name and use."""

from campaigns.core.model.condition import Condition
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.source import parse_yaml
from tests.support.rule_source import RULES_FOLDER, parse_rule

FOLDER = RULES_FOLDER.parent / "examples"


def _rules(file: Located) -> dict[str, Located]:
    """Return the rules of one campaign or audience file by their use."""
    parts = dict(file.entries())
    rules = {key: parts[key] for key in ("match", "audience") if key in parts and isinstance(parts[key].value, dict)}
    for variant in parts["variants"].items() if "variants" in parts else ():
        entries = dict(variant.entries())
        if "when" in entries:
            rules[str(entries["name"].value)] = entries["when"]
    if "experiment" in parts:
        rules["goal"] = parts["experiment"].part("goal")
    return rules


def example_rules() -> dict[str, Condition]:
    """Return every rule of every example, keyed `file: use`."""
    rules: dict[str, Condition] = {}
    for path in sorted(FOLDER.glob("*/*.yaml")):
        file = parse_yaml(path.read_bytes(), path.name)
        rules |= {f"{path.stem}: {name}": parse_rule(rule) for name, rule in _rules(file).items()}
    return rules
