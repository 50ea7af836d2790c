"""JSON Schemas (draft 2020-12) of the workspace's files, so that editors complete keys, fields and words."""

from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from campaigns.loading.offers_file import OffersFile
from campaigns.loading.written import CampaignFile
from campaigns.rules.schema import condition_schema
from campaigns.rules.vocabulary import Vocabulary
from campaigns.spec.audience import AudienceOutline
from campaigns.spec.catalogue import Catalogue
from campaigns.spec.settings import Settings

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_RULE: Final = "Condition"


class _AsWritten(GenerateJsonSchema):
    """What a file may say: no nulls, no defaults in our own notation, and no titles that repeat the key."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the signature is pydantic's
        return False


def campaign_schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """The schema of a campaign file, with the fields, audiences and campaigns that rules may name."""
    schema = _with_rules(CampaignFile, vocabulary)
    named = {"enum": sorted(vocabulary.audiences), "description": "a file of config/audiences"}
    schema["properties"]["audience"] = {"anyOf": [named, schema["properties"]["audience"]]}
    return {**schema, "oneOf": [{"required": ["content"]}, {"required": ["variants"]}]}


def audience_schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """The schema of an audience file."""
    return _with_rules(AudienceOutline, vocabulary)


def settings_schema() -> dict[str, Any]:
    """The schema of `config/settings.yaml`."""
    return _schema(Settings)


def catalogue_schema() -> dict[str, Any]:
    """The schema of `config/catalogue.yaml`."""
    return _schema(Catalogue)


def offers_schema() -> dict[str, Any]:
    """The schema of `config/offers.yaml`."""
    return _schema(OffersFile)


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": DIALECT, **model.model_json_schema(schema_generator=_AsWritten)}


def _with_rules(model: type[BaseModel], vocabulary: Vocabulary) -> dict[str, Any]:
    """The model's schema, in which a condition is what the rule language says it is."""
    schema = _schema(model)
    rule = condition_schema(vocabulary)
    definitions = {**schema["$defs"], **rule.pop("$defs", {}), _RULE: rule}
    definitions.pop("Place", None)  # where a condition stands is not written
    return {**schema, "$defs": definitions}
