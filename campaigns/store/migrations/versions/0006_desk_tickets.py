"""Pages of staff sessions, and indexes by which the audit log is searched."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "desk_ticket",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    with op.batch_alter_table("desk_ticket", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_desk_ticket_ends_at"), ["ends_at"], unique=False)
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_subject"), ["subject"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_subject"))
        batch_op.drop_index(batch_op.f("ix_audit_at"))
    with op.batch_alter_table("desk_ticket", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_desk_ticket_ends_at"))
    op.drop_table("desk_ticket")
