"""The commands of the README and the answers it shows, so that a test can hold them against a running server."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

README = Path(__file__).resolve().parents[2] / "README.md"
PAIR = re.compile(r"```sh\n(?P<command>.*?)```(?:\s*```(?:json|http|text)\n(?P<answer>.*?)```)?", re.DOTALL)
SERVED_AT = "http://127.0.0.1:8000"
MARK = "=== next command ==="
# Values that differ from world to world.
OF_THIS_WORLD = {
    "id", "activity", "membership", "customer", "subject_id", "number", "next_after", "joined_at", "enrolled_at",
    "since", "until", "at", "last_activity_at", "occurred_at", "recorded_at", "customer_since",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    command: str
    answer: str | None


def steps() -> list[Step]:
    """The calls of the README in their order."""
    section = README.read_text(encoding="utf-8").split("## Five calls", 1)[1].split("## Where to read next", 1)[0]
    return [Step(found["command"], found["answer"]) for found in PAIR.finditer(section)]


def run(found: list[Step], *, folder: Path, url: str) -> list[str]:
    """What each command prints, all in one shell as a reader would type them."""
    script = f"\necho '{MARK}'\n".join(step.command.replace(SERVED_AT, url) for step in found)
    done = subprocess.run(  # noqa: S603 - the README's own commands
        ["/bin/bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return [one.strip() for one in done.stdout.split(MARK)]


def comparable(answer: str) -> Any:
    """An answer without what differs from world to world; headers as they are."""
    try:
        return _steady(json.loads(answer))
    except ValueError:
        return answer.strip().lower()


def _steady(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _steady(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_steady(one, name) for one in value]
    varies = name in OF_THIS_WORLD and not (name == "number" and isinstance(value, str))
    return f"some {type(value).__name__}" if varies else value
