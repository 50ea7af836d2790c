"""Settings file, `config/settings.yaml`, together with the brand file beside it."""

from pathlib import Path
from typing import Final

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.placeholder import PLACEHOLDER
from campaigns.core.model.postal_code_forms import normalise_postal_code, postal_code_example, postal_code_rule
from campaigns.core.model.settings import Settings
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.source import read_yaml
from campaigns.core.yaml.validate import validation_problems
from campaigns.workspace.brand_file import LoadedBrand, load_brand

BRAND_FILE: Final = "brand.yaml"
_ORGANISATION: Final = "organisation"
_BRAND: Final = "brand"


def load_settings(path: Path) -> Settings:
    """Return the settings in the file, with the brand in `brand.yaml` beside it; raise UserError with all problems.

    The organisation stands in one of the two files: in older workspaces in the settings.
    """
    at = read_yaml(path)
    brand_path = path.with_name(BRAND_FILE)
    problems: list[Problem] = []
    loaded = _load_brand(brand_path, problems)
    has_brand_file = brand_path.exists()
    values = dict(at.value) if isinstance(at.value, dict) else {}
    if _BRAND in values:
        place = at.part(_BRAND).key_place
        problems.append(
            Problem(place, "the brand has a file of its own", "brand_place", "move it to `config/brand.yaml`")
        )
        del values[_BRAND]
    if loaded is not None:
        values |= {_BRAND: loaded.brand}
        values |= _organisation(loaded, at, brand_path, problems)
    invalid = validation_problems(Settings, at, values)
    if has_brand_file and _ORGANISATION not in values:
        invalid.pop((_ORGANISATION,), None)  # said for the brand file
    problems += invalid.values()
    if problems:
        raise UserError(problems)
    settings = Settings.model_validate(values)
    _check_postal_code(settings, at if _ORGANISATION in dict(at.entries()) else read_yaml(brand_path))
    return settings


def _check_postal_code(settings: Settings, at: Located) -> None:
    """Raise UserError when the organisation's postal code, which `at` has, is none of the workspace's country."""
    code, country = settings.organisation.postal_code, settings.country
    if code != PLACEHOLDER and normalise_postal_code(code, country) != code:
        place = at.part(_ORGANISATION).part("postal_code").place
        message = f"a postal code of {country} is {postal_code_rule(country)}"
        raise UserError([Problem(place, message, "form", f'`"{postal_code_example(country)}"`')])


def _load_brand(path: Path, problems: list[Problem]) -> LoadedBrand | None:
    try:
        return load_brand(path) if path.exists() else None
    except UserError as error:
        problems += error.problems
        return None


def _organisation(loaded: LoadedBrand, at: Located, brand_path: Path, problems: list[Problem]) -> dict[str, object]:
    """Return the organisation of the brand file by its key; problems when both files have one, or neither."""
    in_settings = dict(at.entries()).get(_ORGANISATION)
    if loaded.organisation is None:
        if in_settings is None:
            message = "the organisation stands neither here nor in `config/settings.yaml`"
            problems.append(Problem(FilePosition(str(brand_path), 1, 1), message, "missing", "add `organisation: ...`"))
        return {}
    if in_settings is not None:
        message = "the organisation stands in `config/brand.yaml` as well"
        problems.append(Problem(in_settings.key_place, message, "organisation_twice", "remove it here"))
    return {_ORGANISATION: loaded.organisation}
