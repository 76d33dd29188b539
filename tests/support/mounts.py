"""Small temporary file systems to fill, make read-only and unmount; folders at second places."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Mount:
    """A file system in memory, mounted on `path`, which is created."""

    def __init__(self, path: Path, kilobytes: int) -> None:
        self.path = path
        self._kilobytes = kilobytes
        path.mkdir(parents=True, exist_ok=True)
        self.mount()

    def mount(self) -> None:
        """Mount a new, empty one."""
        _run("mount", "-t", "tmpfs", "-o", f"size={self._kilobytes}k", "tmpfs", str(self.path))

    def unmount(self) -> None:
        """Unmount it, even if it is in use; the folder below it remains."""
        _run("umount", "--lazy", str(self.path))

    def set_read_only(self, *, to: bool) -> None:
        """Make it refuse every write, or accept writes again."""
        _run("mount", "-o", f"remount,{'ro' if to else 'rw'}", str(self.path))

    def fill(self) -> None:
        """Use up all of its space."""
        with (self.path / "filler").open("ab", buffering=0) as filler:
            for size in (65536, 4096, 512):
                _write_until_full(filler.fileno(), size)

    def free(self) -> None:
        """Free the space that `fill` has used up."""
        (self.path / "filler").unlink()


@contextmanager
def mounted(path: Path, kilobytes: int = 1024) -> Iterator[Mount]:
    """A file system on `path`, unmounted at the end."""
    mount = Mount(path, kilobytes)
    try:
        yield mount
    finally:
        if os.path.ismount(path):
            mount.unmount()


@contextmanager
def bound(path: Path, to: Path) -> Iterator[Path]:
    """A folder or file at a second place `to`, which is created, until the end."""
    if path.is_dir():
        to.mkdir(parents=True, exist_ok=True)
    else:
        to.touch()
    _run("mount", "--bind", str(path), str(to))
    try:
        yield to
    finally:
        _run("umount", "--lazy", str(to))


@contextmanager
def folding(path: Path, megabytes: int = 8) -> Iterator[Path]:
    """A case-insensitive exFAT file system on `path`, unmounted at the end.

    Uses the kernel's exFAT if available, otherwise the program `mount.exfat-fuse`.
    """
    image = path.with_name(f"{path.name}.exfat")
    with image.open("wb") as file:
        file.truncate(megabytes * 2**20)
    path.mkdir(parents=True, exist_ok=True)
    _run("mkfs.exfat", str(image))
    device = _run("losetup", "--find", "--show", str(image)).strip()
    try:
        if "exfat" in Path("/proc/filesystems").read_text(encoding="utf-8").split():
            owner = f"uid={os.geteuid()},gid={os.getegid()}"
            _run("mount", "-t", "exfat", "-o", owner, device, str(path))
        else:
            _run("mount.exfat-fuse", device, str(path))
        try:
            yield path
        finally:
            _run("umount", "--lazy", str(path))
    finally:
        _run("losetup", "--detach", device)
        image.unlink()


def _write_until_full(descriptor: int, size: int) -> None:
    while True:
        try:
            os.write(descriptor, bytes(size))
        except OSError:
            return


def _run(*command: str) -> str:
    """The output of a command that is run as root; AssertionError if that is not permitted."""
    as_root = [] if os.geteuid() == 0 else [shutil.which("sudo") or "sudo", "--non-interactive"]
    done = subprocess.run([*as_root, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"`{' '.join(command)}` is not permitted here ({done.stderr.strip()}). This test mounts "
        "small file systems of its own, to fill and to take away: run it as root or with sudo, "
        "in a container with the capability SYS_ADMIN."
    )
    return done.stdout
