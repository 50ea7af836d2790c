"""Closed lists of reasons for skipping a matched member and for ending a delivery without acceptance."""

from enum import StrEnum


class SkipReason(StrEnum):
    """Reason for skipping a matched member (A-05); a skip has exactly one.

    Age is checked before every channel. The channels' reasons follow, in the order of their checks: address unknown,
    address unusable, country not served, not permitted, suppressed.
    """

    AGE_RESTRICTED = "age_restricted"
    MISSING_VARIANT = "missing_variant"
    NO_ADDRESS = "no_address"
    INVALID_ADDRESS = "invalid_address"
    COUNTRY_NOT_SERVED = "country_not_served"
    NO_CONSENT = "no_consent"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OBJECTED_CHANNEL = "objected_channel"
    NOT_ENTITLED = "not_entitled"
    ADDRESS_SECRET = "address_secret"  # noqa: S105 - a reason, not a password
    SUPPRESSED_HARD_BOUNCE = "suppressed_hard_bounce"
    SUPPRESSED_COMPLAINT = "suppressed_complaint"
    SUPPRESSED_INVALID = "suppressed_invalid"
    SUPPRESSED_MANUAL = "suppressed_manual"
    ADDRESS_DEDUP = "address_dedup"
    HOUSEHOLD_DEDUP = "household_dedup"
    HOLDOUT_GLOBAL = "holdout_global"
    HOLDOUT_CAMPAIGN = "holdout_campaign"
    FREQUENCY_CAP = "frequency_cap"
    TOO_FEW_OFFERS = "too_few_offers"


class EndReason(StrEnum):
    """Reason for which a delivery ended without acceptance."""

    NO_ADDRESS = "no_address"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OBJECTED_CHANNEL = "objected_channel"
    NOT_ENTITLED = "not_entitled"
    ADDRESS_SECRET = "address_secret"  # noqa: S105 - a reason, not a password
    NOT_PROCESSED = "not_processed"
    PURCHASE_DATA_FORBIDDEN = "purchase_data_forbidden"
    SUPPRESSED = "suppressed"
    FREQUENCY_CAP = "frequency_cap"
    QUIET_HOURS = "quiet_hours_cancelled"
    TEMPLATE_ERROR = "template_error"
    TOO_LONG = "too_long"
    INVALID_ADDRESS = "invalid_address"
    COUNTRY_NOT_SERVED = "country_not_served"
    PROVIDER_OPT_OUT = "provider_opt_out"
    PROVIDER_REJECTED = "provider_rejected"
    UNKNOWN_OUTCOME = "unknown_outcome"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
