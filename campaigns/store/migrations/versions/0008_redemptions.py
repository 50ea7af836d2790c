"""Redemptions of coupons."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "redemption",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("redeemed_at", UTCDateTime(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=True),
        sa.Column("cents", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("run_number", "position", "offer_id", name="one_redemption_a_coupon"),
    )
    with op.batch_alter_table("redemption", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_redemption_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_redemption_redeemed_at"), ["redeemed_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("redemption", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_redemption_redeemed_at"))
        batch_op.drop_index(batch_op.f("ix_redemption_member_id"))
    op.drop_table("redemption")
