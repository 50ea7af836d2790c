"""Ledger table of run files: a run's files that workers on other machines need."""

from sqlmodel import Field, SQLModel


class RunFile(SQLModel, table=True):
    """One part of a file of a run, in the order of `part`; `sha256` is the hash of the whole file.

    Deleted when the run closes. Only a ledger shared by several machines has any. Run number 0 is no run: its one row
    names the signing key.
    """

    __tablename__ = "run_file"

    run_number: int = Field(primary_key=True)
    name: str = Field(primary_key=True)
    part: int = Field(primary_key=True)
    sha256: str
    content: bytes


RUN_FILE = SQLModel.metadata.tables["run_file"]
