"""The ledger's table of run files: what workers on other machines need of a run beside its rows."""

from sqlmodel import Field, SQLModel


class RunFile(SQLModel, table=True):
    """A part of a file of a run, in the order of `part`; `sha256` is that of the whole file. Gone when the run closes.

    Only a ledger that several machines share has any. Run number 0 is no run: its one row names the signing key.
    """

    __tablename__ = "run_file"

    run_number: int = Field(primary_key=True)
    name: str = Field(primary_key=True)
    part: int = Field(primary_key=True)
    sha256: str
    content: bytes


RUN_FILE = SQLModel.metadata.tables["run_file"]
