"""Small file systems of a test's own, which can be filled, made read-only and taken away."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Mount:
    """A file system in memory, mounted on `path`, which is made."""

    def __init__(self, path: Path, kilobytes: int) -> None:
        self.path = path
        self._kilobytes = kilobytes
        path.mkdir(parents=True, exist_ok=True)
        self.mount()

    def mount(self) -> None:
        """Mount a new and empty one."""
        _run("mount", "-t", "tmpfs", "-o", f"size={self._kilobytes}k", "tmpfs", str(self.path))

    def unmount(self) -> None:
        """Take it away, also from whoever uses it; the bare folder is left."""
        _run("umount", "--lazy", str(self.path))

    def set_read_only(self, *, to: bool) -> None:
        """Have it refuse every write, or take them again."""
        _run("mount", "-o", f"remount,{'ro' if to else 'rw'}", str(self.path))

    def fill(self) -> None:
        """Use up all of its room."""
        with (self.path / "filler").open("ab", buffering=0) as filler:
            for size in (65536, 4096, 512):
                _write_until_full(filler.fileno(), size)

    def free(self) -> None:
        """Give the room back that `fill` has used up."""
        (self.path / "filler").unlink()


@contextmanager
def mounted(path: Path, kilobytes: int = 1024) -> Iterator[Mount]:
    """A file system on `path`, gone at the end."""
    mount = Mount(path, kilobytes)
    try:
        yield mount
    finally:
        if os.path.ismount(path):
            mount.unmount()


@contextmanager
def folding(path: Path, megabytes: int = 8) -> Iterator[Path]:
    """An exFAT file system on `path`, which takes upper and lower case for one; gone at the end.

    By the kernel where it knows exFAT, else by the program `mount.exfat-fuse`.
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
    """What a command says, run as root; an AssertionError says why where that is not permitted."""
    as_root = [] if os.geteuid() == 0 else [shutil.which("sudo") or "sudo", "--non-interactive"]
    done = subprocess.run([*as_root, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"`{' '.join(command)}` is not permitted here ({done.stderr.strip()}). This test mounts "
        "small file systems of its own, to fill and to take away: run it as root or with sudo, "
        "in a container with the capability SYS_ADMIN."
    )
    return done.stdout
