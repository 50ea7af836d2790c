"""JSON Schemas (draft 2020-12) of the workspace's files: editors use them to complete keys and values."""

from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from audiences.imports.mapping import MappingFile
from campaigns.core.errors import FilePosition
from campaigns.core.model.audience import AudienceBase
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.settings import Settings
from campaigns.rules.condition_schema import condition_schema
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.brand_file import BrandFile
from campaigns.workspace.campaign_source import CampaignFile
from campaigns.workspace.offers_file import OffersFile

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_RULE: Final = "Condition"


class _FileSchema(GenerateJsonSchema):
    """Schema generator for files: no nulls, no Python defaults, no titles that repeat the key."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the signature is pydantic's
        return False


def campaign_schema(vocabulary: RuleVocabulary) -> dict[str, Any]:
    """Return the schema of a campaign file, with the fields, audiences and campaigns that rules may name."""
    schema = _with_rules(CampaignFile, vocabulary)
    audience_name = {"enum": sorted(vocabulary.audiences), "description": "a file of config/audiences"}
    schema["properties"]["audience"] = {"anyOf": [audience_name, schema["properties"]["audience"]]}
    return {**schema, "oneOf": [{"required": ["content"]}, {"required": ["variants"]}]}


def audience_schema(vocabulary: RuleVocabulary) -> dict[str, Any]:
    """Return the schema of an audience file."""
    return _with_rules(AudienceBase, vocabulary)


def settings_schema() -> dict[str, Any]:
    """Return the schema of `config/settings.yaml`, whose organisation may stand in `config/brand.yaml` instead."""
    schema = _schema(Settings)
    return {**schema, "required": [key for key in schema["required"] if key != "organisation"]}


def brand_schema() -> dict[str, Any]:
    """Return the schema of `config/brand.yaml`."""
    return _schema(BrandFile)


def catalogue_schema() -> dict[str, Any]:
    """Return the schema of `config/catalogue.yaml`."""
    return _schema(Catalogue)


def mapping_schema() -> dict[str, Any]:
    """Return the schema of a mapping file of `config/mappings`."""
    return _schema(MappingFile)


def offers_schema() -> dict[str, Any]:
    """Return the schema of `config/offers.yaml`."""
    return _schema(OffersFile)


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": DIALECT, **model.model_json_schema(schema_generator=_FileSchema)}


def _with_rules(model: type[BaseModel], vocabulary: RuleVocabulary) -> dict[str, Any]:
    """Return the model's schema, with the rule language's schema for conditions."""
    schema = _schema(model)
    rule = condition_schema(vocabulary)
    definitions = {**schema["$defs"], **rule.pop("$defs", {}), _RULE: rule}
    definitions.pop(FilePosition.__name__, None)  # a condition's location is not part of the file
    return {**schema, "$defs": definitions}
