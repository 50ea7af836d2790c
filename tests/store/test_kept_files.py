"""Register of backups and exports on either ledger: what is due, whose it is, and what is gone."""

from datetime import UTC, datetime, timedelta

from campaigns.store.people import kept_files
from campaigns.store.people.kept_files import KeptFileKind
from campaigns.store.people.people_tables import KeptFile

NOW = datetime(2018, 1, 1, tzinfo=UTC)


def add(connection, path, kind=KeptFileKind.EXPORT, member=None, machine="here", days=0):
    made_at = NOW + timedelta(days=days)
    file = KeptFile(kind=kind, path=path, machine=machine, digest="d", member_id=member, made_at=made_at)
    kept_files.add(connection, file)


def test_files_are_listed_by_kind_machine_and_age(ledger):
    with ledger.write() as connection:
        add(connection, "/old", KeptFileKind.BACKUP)
        add(connection, "/new", KeptFileKind.BACKUP, days=3)
        add(connection, "/elsewhere", KeptFileKind.BACKUP, machine="there")
        add(connection, "/export")
        due = kept_files.list_made_before(connection, KeptFileKind.BACKUP, "here", NOW + timedelta(days=1))
        assert [file.path for file in due] == ["/old"]
        assert kept_files.newest(connection, KeptFileKind.BACKUP) == NOW + timedelta(days=3)
        assert kept_files.remaining(connection, KeptFileKind.BACKUP) == (3, NOW)
        kept_files.remove(connection, [file.number or 0 for file in due])
        assert sorted(kept_files.list_paths(connection, "here")) == ["/export", "/new"]


def test_exports_follow_their_member_and_outlive_the_name(ledger):
    with ledger.write() as connection:
        add(connection, "/mine", member="m01")
        add(connection, "/other", member="m02")
        kept_files.reassign(connection, "m01", "m03")
        assert [file.path for file in kept_files.list_of_member(connection, "m03", "here")] == ["/mine"]
        kept_files.reassign(connection, "m03", None)
        assert kept_files.list_of_member(connection, "m03", "here") == []
        assert kept_files.remaining(connection, KeptFileKind.EXPORT) == (2, NOW)
