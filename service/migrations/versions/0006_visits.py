"""Make the tables of visits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations.tenancy import tenant_table

revision = "0006_visits"
down_revision = "0005_invitations"


def upgrade() -> None:
    op.create_table(
        "visits",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("host_id", sa.Text(collation="C"), nullable=False),
        sa.Column("invitation_id", sa.Text(collation="C"), nullable=True),
        sa.Column("observer_ids", sa.ARRAY(sa.Text(collation="C")), nullable=True),
        sa.Column("focus", sa.Text(), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock_offset_ms", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("released_group_ids", sa.ARRAY(sa.Text(collation="C")), nullable=True),
        sa.Column("released_people_ids", sa.ARRAY(sa.Text(collation="C")), nullable=True),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ended_at >= started_at", name="visits_times"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "host_id"], ["people.tenant_id", "people.id"], name="visits_host_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invitation_id"],
            ["invitations.tenant_id", "invitations.id"],
            name="visits_invitation_id_fkey",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("visits_host_id_idx", "visits", ["tenant_id", "host_id"], unique=False)
    op.create_index("visits_invitation_id_idx", "visits", ["tenant_id", "invitation_id"], unique=False)
    tenant_table("visits")
    op.create_table(
        "debriefs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("visit_id", sa.Text(collation="C"), nullable=False),
        sa.Column("protocol", sa.Text(), nullable=True),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("minutes BETWEEN 0 AND 600", name="debriefs_minutes"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "visit_id"], ["visits.tenant_id", "visits.id"], name="debriefs_visit_id_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("debriefs_visit_id_idx", "debriefs", ["tenant_id", "visit_id"], unique=False)
    tenant_table("debriefs")
    op.create_table(
        "notes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("visit_id", sa.Text(collation="C"), nullable=False),
        sa.Column("note_kind", sa.Text(collation="C"), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("instrument", sa.Text(), nullable=True),
        sa.Column("at_ms", sa.Integer(), nullable=True),
        sa.Column("until_ms", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock_offset_ms", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("until_ms >= at_ms", name="notes_times"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "visit_id"], ["visits.tenant_id", "visits.id"], name="notes_visit_id_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index(
        "notes_drafts_idx",
        "notes",
        ["tenant_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'draft'"),
    )
    op.create_index("notes_visit_id_idx", "notes", ["tenant_id", "visit_id"], unique=False)
    tenant_table("notes")
    op.create_table(
        "media",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("visit_id", sa.Text(collation="C"), nullable=False),
        sa.Column("note_id", sa.Text(collation="C"), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("consent_basis", sa.Text(collation="C"), nullable=True),
        sa.Column("consent_withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wifi_only", sa.Boolean(), nullable=True),
        sa.Column("blur_faces", sa.Boolean(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock_offset_ms", sa.Integer(), nullable=True),
        sa.Column("at_ms", sa.Integer(), nullable=True),
        sa.Column("start_mark_ms", sa.Integer(), nullable=True),
        sa.Column("clip_of", sa.Text(collation="C"), nullable=True),
        sa.Column("from_ms", sa.Integer(), nullable=True),
        sa.Column("until_ms", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("progress", sa.Integer(), nullable=True),
        sa.Column("renditions", sa.ARRAY(sa.Text(collation="C")), nullable=True),
        sa.Column("captions", sa.ARRAY(sa.Text(collation="C")), nullable=True),
        sa.Column("placeholder", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("size_bytes > 0", name="media_size"),
        sa.CheckConstraint("until_ms > from_ms", name="media_clip"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "note_id"], ["notes.tenant_id", "notes.id"], name="media_note_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "visit_id"], ["visits.tenant_id", "visits.id"], name="media_visit_id_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("media_clip_of_idx", "media", ["tenant_id", "clip_of"], unique=False)
    op.create_index("media_created_by_idx", "media", ["tenant_id", "created_by"], unique=False)
    op.create_index("media_note_id_idx", "media", ["tenant_id", "note_id"], unique=False)
    op.create_index("media_state_idx", "media", ["tenant_id", "state", "expires_at"], unique=False)
    op.create_index("media_visit_id_idx", "media", ["tenant_id", "visit_id"], unique=False)
    tenant_table("media")
    op.create_table(
        "next_steps",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("visit_id", sa.Text(collation="C"), nullable=False),
        sa.Column("debrief_id", sa.Text(collation="C"), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "debrief_id"],
            ["debriefs.tenant_id", "debriefs.id"],
            name="next_steps_debrief_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "visit_id"], ["visits.tenant_id", "visits.id"], name="next_steps_visit_id_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("next_steps_debrief_id_idx", "next_steps", ["tenant_id", "debrief_id"], unique=False)
    op.create_index("next_steps_visit_id_idx", "next_steps", ["tenant_id", "visit_id"], unique=False)
    tenant_table("next_steps")
    op.create_table(
        "comments",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("media_id", sa.Text(collation="C"), nullable=False),
        sa.Column("reply_to", sa.Text(collation="C"), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("at_ms", sa.Integer(), nullable=True),
        sa.Column("until_ms", sa.Integer(), nullable=True),
        sa.Column("resolved", sa.Boolean(), nullable=True),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("until_ms >= at_ms", name="comments_times"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "media_id"], ["media.tenant_id", "media.id"], name="comments_media_id_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("comments_media_id_idx", "comments", ["tenant_id", "media_id"], unique=False)
    op.create_index("comments_reply_to_idx", "comments", ["tenant_id", "reply_to"], unique=False)
    tenant_table("comments")
