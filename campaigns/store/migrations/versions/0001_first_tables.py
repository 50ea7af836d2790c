"""The first tables: people, choices, runs, decisions, deliveries."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("disabled_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "agent_session",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    with op.batch_alter_table("agent_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agent_session_agent"), ["agent"], unique=False)
        batch_op.create_index(batch_op.f("ix_agent_session_ends_at"), ["ends_at"], unique=False)

    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "audit_seal",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("leaves", sa.JSON(), nullable=False),
        sa.Column("last_row", sa.Integer(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "bundle",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("manifest_sha256", sa.String(), nullable=True),
        sa.Column("handed_over_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("run_number", "channel", "sequence"),
    )
    op.create_table(
        "choice_entry",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("agent", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    with op.batch_alter_table("choice_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_choice_entry_member_id"), ["member_id"], unique=False)

    op.create_table(
        "choices",
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("newsletters", sa.String(), nullable=False),
        sa.Column("withdrawn", sa.String(), nullable=False),
        sa.Column("email_own", sa.Boolean(), nullable=False),
        sa.Column("sms_own", sa.Boolean(), nullable=False),
        sa.Column("email_partner", sa.Boolean(), nullable=False),
        sa.Column("sms_partner", sa.Boolean(), nullable=False),
        sa.Column("electronic_owner_post", sa.Boolean(), nullable=False),
        sa.Column("no_direct_mail", sa.Boolean(), nullable=False),
        sa.Column("no_owner_post", sa.Boolean(), nullable=False),
        sa.Column("no_surveys_or_phone", sa.Boolean(), nullable=False),
        sa.Column("no_purchase_detail", sa.Boolean(), nullable=False),
        sa.Column("no_marketing", sa.Boolean(), nullable=False),
        sa.Column("tracking", sa.Boolean(), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("address_secret", sa.Boolean(), nullable=False),
        sa.Column("deceased", sa.Boolean(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("member_id"),
    )
    with op.batch_alter_table("choices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_choices_seq"), ["seq"], unique=False)

    op.create_table(
        "chore",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("occasion", UTCDateTime(), nullable=False),
        sa.Column("lease_until", UTCDateTime(), nullable=False),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "contact",
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("register", sa.String(), nullable=False),
        sa.Column("household_id", sa.String(), nullable=True),
        sa.Column("first_name", sa.String(), nullable=True),
        sa.Column("last_name", sa.String(), nullable=True),
        sa.Column("name_key", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("mailbox", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("street", sa.String(), nullable=True),
        sa.Column("postal_code", sa.String(), nullable=True),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("address_key", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("member_id"),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_household_id"), ["household_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contact_mailbox"), ["mailbox"], unique=False)
        batch_op.create_index(batch_op.f("ix_contact_name_key"), ["name_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_contact_phone"), ["phone"], unique=False)

    op.create_table(
        "decision",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("variant", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("arm", sa.String(), nullable=True),
        sa.Column("used_basket", sa.Boolean(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("run_number", "member_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "delivery",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("variant", sa.String(), nullable=True),
        sa.Column("arm", sa.String(), nullable=True),
        sa.Column("used_basket", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("attempt", sa.String(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("not_before", UTCDateTime(), nullable=True),
        sa.Column("provider", sa.String(), nullable=True),
        sa.Column("provider_ref", sa.String(), nullable=True),
        sa.Column("claimed_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("run_number", "position"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(
            "deliveries_to_claim",
            ["run_number", "channel", "position"],
            unique=False,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
        batch_op.create_index(
            "deliveries_uncertain",
            ["run_number"],
            unique=False,
            sqlite_where=sa.text("state = 'uncertain'"),
            postgresql_where=sa.text("state = 'uncertain'"),
        )
        batch_op.create_index(
            "deliveries_under_way",
            ["run_number", "lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'sending'"),
            postgresql_where=sa.text("state = 'sending'"),
        )
        batch_op.create_index(
            "delivery_of_a_member",
            ["member_id", "run_number"],
            unique=False,
            sqlite_where=sa.text("state <> 'pending'"),
            postgresql_where=sa.text("state <> 'pending'"),
        )

    op.create_table(
        "erased_address",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "event",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("run_number", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("member_id", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("provider_ref", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("proves", sa.String(), nullable=True),
        sa.Column("raw", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("provider", "key", name="one_event_a_key"),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(
            "clicks",
            ["member_id", "at"],
            unique=False,
            sqlite_where=sa.text("word = 'clicked'"),
            postgresql_where=sa.text("word = 'clicked'"),
        )
        batch_op.create_index("events_of_a_delivery", ["run_number", "position"], unique=False)
        batch_op.create_index("events_of_a_member", ["member_id"], unique=False)
        batch_op.create_index(
            "events_of_an_address",
            ["address"],
            unique=False,
            sqlite_where=sa.text("address IS NOT NULL"),
            postgresql_where=sa.text("address IS NOT NULL"),
        )
        batch_op.create_index(
            "events_to_fold",
            ["received_at"],
            unique=False,
            sqlite_where=sa.text("raw <> ''"),
            postgresql_where=sa.text("raw <> ''"),
        )
        batch_op.create_index(
            "grievances",
            ["run_number", "word", "position"],
            unique=False,
            sqlite_where=sa.text("word IN ('blocked', 'bounced', 'complained')"),
            postgresql_where=sa.text("word IN ('blocked', 'bounced', 'complained')"),
        )

    op.create_table(
        "failed_login",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    with op.batch_alter_table("failed_login", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_failed_login_account"), ["account"], unique=False)
        batch_op.create_index(batch_op.f("ix_failed_login_at"), ["at"], unique=False)

    op.create_table(
        "former_unit",
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "until"),
    )
    op.create_table(
        "halt",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    with op.batch_alter_table("halt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_halt_campaign"), ["campaign"], unique=False)

    op.create_table(
        "holdout_version",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("share", sa.String(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "link_count",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("machines", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_number", "link"),
    )
    op.create_table(
        "member_session",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.Column("proved_until", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )
    with op.batch_alter_table("member_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_member_session_ends_at"), ["ends_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_member_session_member_id"), ["member_id"], unique=False)

    op.create_table(
        "note",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("carry_by", UTCDateTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("attempt", sa.String(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("not_before", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_note_member_id"), ["member_id"], unique=False)
        batch_op.create_index(
            "notes_under_way",
            ["number"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "one_time_code",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("challenge", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("aim", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("issued_at", UTCDateTime(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_one_time_code_challenge"), ["challenge"], unique=False)
        batch_op.create_index(batch_op.f("ix_one_time_code_issued_at"), ["issued_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_one_time_code_member_id"), ["member_id"], unique=False)

    op.create_table(
        "own_change",
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("replaced", sa.JSON(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "field"),
    )
    op.create_table(
        "pace",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("given_back", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "processor_task",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("filed_at", UTCDateTime(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    with op.batch_alter_table("processor_task", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_processor_task_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_processor_task_member_id"), ["member_id"], unique=False)

    op.create_table(
        "publication",
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("schedule", sa.JSON(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("published_at", UTCDateTime(), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.Column("next_due", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("campaign"),
    )
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_publication_next_due"), ["next_due"], unique=False)

    op.create_table(
        "request",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("filed_at", UTCDateTime(), nullable=False),
        sa.Column("filed_by", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("put_off_because", sa.String(), nullable=True),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("outcome_because", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    with op.batch_alter_table("request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_request_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_request_member_id"), ["member_id"], unique=False)

    op.create_table(
        "run",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("newsletter", sa.String(), nullable=True),
        sa.Column("partner", sa.String(), nullable=True),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("scheduled", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("planned_at", UTCDateTime(), nullable=True),
        sa.Column("start_by", UTCDateTime(), nullable=True),
        sa.Column("send_by", UTCDateTime(), nullable=True),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.Column("planned_by", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("campaign", "due_at", name="one_run_an_occasion"),
        sa.UniqueConstraint("run_id"),
    )
    op.create_table(
        "run_file",
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_number", "name", "part"),
    )
    op.create_table(
        "sign_up",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("wordings", sa.JSON(), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.Column("member_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    with op.batch_alter_table("sign_up", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_up_address"), ["address"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_up_asked_at"), ["asked_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_up_confirmed_at"), ["confirmed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_up_member_id"), ["member_id"], unique=False)

    op.create_table(
        "suppression",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "value", "reason"),
    )
    op.create_table(
        "tried",
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("who"),
    )
    with op.batch_alter_table("tried", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tried_due_at"), ["due_at"], unique=False)

    op.create_table(
        "unit",
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("member_id"),
    )
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_number"), ["number"], unique=False)

    op.create_table(
        "wording",
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("valid_from", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )


def downgrade() -> None:
    op.drop_table("wording")
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_unit_number"))

    op.drop_table("unit")
    with op.batch_alter_table("tried", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tried_due_at"))

    op.drop_table("tried")
    op.drop_table("suppression")
    with op.batch_alter_table("sign_up", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_up_member_id"))
        batch_op.drop_index(batch_op.f("ix_sign_up_confirmed_at"))
        batch_op.drop_index(batch_op.f("ix_sign_up_asked_at"))
        batch_op.drop_index(batch_op.f("ix_sign_up_address"))

    op.drop_table("sign_up")
    op.drop_table("run_file")
    op.drop_table("run")
    with op.batch_alter_table("request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_request_member_id"))
        batch_op.drop_index(batch_op.f("ix_request_closed_at"))

    op.drop_table("request")
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_publication_next_due"))

    op.drop_table("publication")
    with op.batch_alter_table("processor_task", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_processor_task_member_id"))
        batch_op.drop_index(batch_op.f("ix_processor_task_closed_at"))

    op.drop_table("processor_task")
    op.drop_table("pace")
    op.drop_table("own_change")
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_one_time_code_member_id"))
        batch_op.drop_index(batch_op.f("ix_one_time_code_issued_at"))
        batch_op.drop_index(batch_op.f("ix_one_time_code_challenge"))

    op.drop_table("one_time_code")
    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.drop_index(
            "notes_under_way", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index(batch_op.f("ix_note_member_id"))

    op.drop_table("note")
    with op.batch_alter_table("member_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_member_session_member_id"))
        batch_op.drop_index(batch_op.f("ix_member_session_ends_at"))

    op.drop_table("member_session")
    op.drop_table("link_count")
    op.drop_table("holdout_version")
    with op.batch_alter_table("halt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_halt_campaign"))

    op.drop_table("halt")
    op.drop_table("former_unit")
    with op.batch_alter_table("failed_login", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_failed_login_at"))
        batch_op.drop_index(batch_op.f("ix_failed_login_account"))

    op.drop_table("failed_login")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(
            "grievances",
            sqlite_where=sa.text("word IN ('blocked', 'bounced', 'complained')"),
            postgresql_where=sa.text("word IN ('blocked', 'bounced', 'complained')"),
        )
        batch_op.drop_index("events_to_fold", sqlite_where=sa.text("raw <> ''"), postgresql_where=sa.text("raw <> ''"))
        batch_op.drop_index(
            "events_of_an_address",
            sqlite_where=sa.text("address IS NOT NULL"),
            postgresql_where=sa.text("address IS NOT NULL"),
        )
        batch_op.drop_index("events_of_a_member")
        batch_op.drop_index("events_of_a_delivery")
        batch_op.drop_index(
            "clicks", sqlite_where=sa.text("word = 'clicked'"), postgresql_where=sa.text("word = 'clicked'")
        )

    op.drop_table("event")
    op.drop_table("erased_address")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(
            "delivery_of_a_member",
            sqlite_where=sa.text("state <> 'pending'"),
            postgresql_where=sa.text("state <> 'pending'"),
        )
        batch_op.drop_index(
            "deliveries_under_way",
            sqlite_where=sa.text("state = 'sending'"),
            postgresql_where=sa.text("state = 'sending'"),
        )
        batch_op.drop_index(
            "deliveries_uncertain",
            sqlite_where=sa.text("state = 'uncertain'"),
            postgresql_where=sa.text("state = 'uncertain'"),
        )
        batch_op.drop_index(
            "deliveries_to_claim",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )

    op.drop_table("delivery")
    op.drop_table("decision")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contact_phone"))
        batch_op.drop_index(batch_op.f("ix_contact_name_key"))
        batch_op.drop_index(batch_op.f("ix_contact_mailbox"))
        batch_op.drop_index(batch_op.f("ix_contact_household_id"))

    op.drop_table("contact")
    op.drop_table("chore")
    with op.batch_alter_table("choices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_choices_seq"))

    op.drop_table("choices")
    with op.batch_alter_table("choice_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_choice_entry_member_id"))

    op.drop_table("choice_entry")
    op.drop_table("bundle")
    op.drop_table("audit_seal")
    op.drop_table("audit")
    with op.batch_alter_table("agent_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agent_session_ends_at"))
        batch_op.drop_index(batch_op.f("ix_agent_session_agent"))

    op.drop_table("agent_session")
    op.drop_table("agent")
