"""A file that came over the network: its name checked, its bytes in a file without a name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from resources.failure import FailureKind, SparknetError
from sparknet_assets.digests import read_blocks
from sparknet_assets.intake.found_files import SourceFile
from sparknet_assets.raw_names import RAW, is_temporary

_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class UploadedFile(SourceFile):
    """A file to take in that is no file of this machine.

    Attributes:
        name: As its sender calls it.
        stream: Its bytes; read from the start each time.
    """

    stream: BinaryIO

    @property
    def source(self) -> str:
        """The same for each upload of the name, so that the next is a new version."""
        return f"upload:{self.name}"

    def blocks(self) -> Iterator[bytes]:
        """The file's bytes."""
        self.stream.seek(0)
        yield from read_blocks(self.stream)


def check_name(name: str) -> None:
    """Whether a file may be called so.

    Raises:
        SparknetError: It is no name of a file, but a path, or a name that documents don't have.
    """
    if not name.strip() or name in {".", ".."}:
        raise _refused("The file needs a name.")
    if "/" in name or "\\" in name or "\0" in name:
        raise _refused("The name is to be that of a file, without folders, slashes and NULs.")
    if len(name) > _LONGEST:
        raise _refused(f"The name is longer than {_LONGEST} characters.")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise _refused("The name is not valid Unicode.") from None
    if is_temporary(f"{RAW}document/{name}") and not name.startswith("."):
        raise _refused("The name is one of temporary files, which are no documents: rename it.")


def _refused(sentence: str) -> SparknetError:
    return SparknetError(FailureKind.REFUSED, sentence, retryable=False)
