"""Country and kind of telephone numbers, allowances of one-time codes, and proxies that are not declared."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

from campaigns.core.model.phone_countries import phone_class

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BATCH = 10_000


def upgrade() -> None:
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.add_column(sa.Column("phone_class", sa.String(), nullable=True))
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.add_column(sa.Column("allowances", sa.JSON(), nullable=True))
    op.create_table(
        "undeclared_proxy",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("address"),
    )
    with op.batch_alter_table("undeclared_proxy", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_undeclared_proxy_seen_at"), ["seen_at"], unique=False)
    _fill_phone_classes(op.get_bind())


def _fill_phone_classes(connection: sa.Connection) -> None:
    """Class the stored numbers: Finnish mobiles in one statement, the others number by number."""
    contact = sa.table("contact", sa.column("phone", sa.String()), sa.column("phone_class", sa.String()))
    mobile = sa.or_(contact.c.phone.like("+3584%"), contact.c.phone.like("+35850%"))
    connection.execute(sa.update(contact).where(mobile).values(phone_class="FI mobile"))
    others = sa.select(contact.c.phone).distinct().where(contact.c.phone.is_not(None), contact.c.phone_class.is_(None))
    numbers = connection.execute(others).scalars().all()
    change = (
        sa.update(contact).where(contact.c.phone == sa.bindparam("number")).values(phone_class=sa.bindparam("class"))
    )
    for start in range(0, len(numbers), _BATCH):
        batch = [{"number": number, "class": phone_class(number)} for number in numbers[start : start + _BATCH]]
        connection.execute(change, batch)
