"""Spreadsheets on their way in and out: imports with their staged rows, and exports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_0030"
down_revision = "20261122_0024"
branch_labels = None
depends_on = None

IMPORTS = "kind IN ('areas', 'members', 'buildings', 'rooms', 'households')"
EXPORTS = "kind IN ('areas', 'members', 'households')"


def upgrade() -> None:
    _import_job()
    _import_row()
    _export_job()


def _import_job() -> None:
    op.create_table(
        "import_job",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("sheets", JSONB(), server_default="[]", nullable=False),
        sa.Column("fault", JSONB(), nullable=True),
        *(
            sa.Column(name, sa.Integer(), server_default="0", nullable=False)
            for name in (
                "total_rows",
                "held_rows",
                "applied_to",
                "created_count",
                "updated_count",
                "unchanged_count",
                "refused_count",
            )
        ),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        *_versioned(),
        sa.CheckConstraint(IMPORTS, name=op.f("ck_import_job_kind")),
        sa.CheckConstraint(
            "state IN ('uploaded', 'checked', 'confirmed', 'done', 'failed')",
            name=op.f("ck_import_job_state"),
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_import_job_area_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_import_job_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job")),
    )
    op.create_index(op.f("ix_import_job_area_id"), "import_job", ["area_id"])
    op.create_index("ix_import_job_member_id_id", "import_job", ["member_id", "id"])


def _import_row() -> None:
    op.create_table(
        "import_row",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("original_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("cleaned_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("faults", JSONB(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["import_job.id"], name=op.f("fk_import_row_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_import_row")),
    )
    op.create_index(
        "ix_import_row_held", "import_row", ["job_id", "number"], postgresql_where=sa.text("held")
    )


def _export_job() -> None:
    op.create_table(
        "export_job",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("masked", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("row_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("object_key", sa.Text(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        *_versioned(),
        sa.CheckConstraint(EXPORTS, name=op.f("ck_export_job_kind")),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'refused', 'ready', 'failed')",
            name=op.f("ck_export_job_state"),
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_export_job_area_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["member.id"], name=op.f("fk_export_job_decided_by")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_export_job_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_job")),
    )
    op.create_index(op.f("ix_export_job_area_id"), "export_job", ["area_id"])
    op.create_index(op.f("ix_export_job_decided_by"), "export_job", ["decided_by"])
    op.create_index("ix_export_job_member_id_id", "export_job", ["member_id", "id"])
    op.create_index(
        "ix_export_job_waiting", "export_job", ["id"], postgresql_where=sa.text("state = 'waiting'")
    )


def _versioned() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("export_job")
    op.drop_table("import_row")
    op.drop_table("import_job")
