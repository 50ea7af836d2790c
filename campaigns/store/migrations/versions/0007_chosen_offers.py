"""Offers of each decision, with their reasons."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decision", sa.Column("offers", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("decision", "offers")
