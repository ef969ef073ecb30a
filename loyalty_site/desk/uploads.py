"""Files that staff handed over for an import, kept until it is done: each belongs to who brought it, for an hour.

They hold personal data, so they lie in a folder of their own, outside of what could ever be served. Hosts that share
the work share the folder (LOYALTY_IMPORTS).
"""

import json
import re
import secrets
import shutil
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

import environ
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from common.errors import NotFound
from loyalty_site.postgres.places import local_folder

env = environ.Env()
FOLDER = Path(env.path("LOYALTY_IMPORTS", default=str(local_folder() / "imports")))
KEPT_SECONDS = 3600
MOST_BYTES = 5 * 1024 * 1024
TOKEN = re.compile(r"[0-9a-f]{32}\Z")


class LimitedUpload(FileUploadHandler):
    """Lets no more than MOST_BYTES of a file through; what is longer does not arrive at all."""

    received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > MOST_BYTES:
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler keeps the file."""


@dataclass
class Upload:
    """One file on its way in. `shown` is what the last look at it found."""

    token: str
    user_id: int
    what: str
    name: str
    update: bool = False
    done: bool = False
    shown: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def keep(cls, file: "UploadedFile[Any]", *, user_id: int, what: str, update: bool) -> Self:
        """Store the file; whatever lay there too long goes."""
        sweep()
        upload = cls(secrets.token_hex(16), user_id, what, name=Path(str(file.name)).name[:80], update=update)
        upload._folder.mkdir(mode=0o700, parents=True)
        with upload.file_path.open("wb") as target:
            for chunk in file.chunks():
                target.write(chunk)
        upload.save()
        return upload

    @classmethod
    def of(cls, token: str, *, user_id: int) -> Self:
        """The upload of that user; NotFound where it is gone or somebody else's."""
        about = FOLDER / token / "about.json"
        if TOKEN.match(token) and about.is_file() and about.stat().st_mtime > time.time() - KEPT_SECONDS:
            upload = cls(**json.loads(about.read_text()))
            if upload.user_id == user_id:
                return upload
        raise NotFound("This upload is over: uploaded files are kept for an hour. Upload the file again.")

    @property
    def _folder(self) -> Path:
        return FOLDER / self.token

    @property
    def file_path(self) -> Path:
        return self._folder / "file"

    @property
    def refused_path(self) -> Path:
        return self._folder / "refused.csv"

    def open(self) -> BinaryIO:
        return self.file_path.open("rb")

    def save(self) -> None:
        (self._folder / "about.json").write_text(json.dumps(asdict(self)))

    def claim(self) -> bool:
        """Whether this call may import the file: of two clicks one may."""
        try:
            (self._folder / "claimed").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def release(self) -> None:
        """It came to nothing: it may be tried again."""
        (self._folder / "claimed").unlink(missing_ok=True)

    def finish(self) -> None:
        """The file has been imported and is needed no more; what was refused stays for a while."""
        self.done = True
        self.save()
        self.file_path.unlink(missing_ok=True)


def sweep() -> None:
    """Remove what is past its time."""
    for about in FOLDER.glob("*/about.json"):
        if about.stat().st_mtime < time.time() - KEPT_SECONDS:
            shutil.rmtree(about.parent, ignore_errors=True)
