"""Rows that make up a program's design: changing one gives the design a new version."""

from typing import Any

from django.db import connection, models, transaction

from common.history import AuditedModel

BUMP = """
INSERT INTO programs_designversion AS d (program_id, version)
VALUES (%s, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
ON CONFLICT (program_id) DO UPDATE
SET version = greatest(d.version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
"""


class DesignModel(AuditedModel):
    """Workers keep a program's design in memory and recognize by its version that it changed."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            super().save(*args, **kwargs)
            bump_design(self.design_program_id())

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        program_id = self.design_program_id()
        with transaction.atomic():
            done = super().delete(*args, **kwargs)
            bump_design(program_id)
        return done

    def design_program_id(self) -> int:
        return self.program_id  # type: ignore[attr-defined]


class DesignVersion(models.Model):
    """Apart from the program, so that counting it writes no history and a hot read touches a narrow row."""

    program = models.OneToOneField(
        "programs.Program", on_delete=models.CASCADE, primary_key=True, related_name="design"
    )
    version = models.BigIntegerField(default=1)

    class Meta:
        verbose_name = "design version"
        verbose_name_plural = "design versions"

    def __str__(self) -> str:
        return str(self.version)


def bump_design(program_id: int) -> None:
    """A new version of the design, visible with the change itself.

    Versions are times, so that one that was rolled back never names another design later.
    """
    with connection.cursor() as cursor:
        cursor.execute(BUMP, [program_id])
